"""`pvc-sim`: rehearse what an admin may ask of a cluster, and what may go wrong meanwhile."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from pvc_core.errors import PvcError
from pvc_sim.batch import Finding, run_seeds
from pvc_sim.chance import Size, make_scenario
from pvc_sim.golden import compare, regenerate
from pvc_sim.picture import draw_end, picture
from pvc_sim.rehearsal import Outcome, Rehearsal
from pvc_sim.scenario import dump_scenario, load_scenario
from pvc_sim.shrink import Shrinker

INVALID, BREACH = 2, 1


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A whole cluster in one process, on a fake clock.

    Engine, handlers and decisions are those of the product; time, ZooKeeper, Redis and libvirt are pretended.
    """


@main.command()
@click.argument("folders", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--regenerate", "anew", is_flag=True, help="Write log.expect anew, to be reviewed as a diff.")
def run(folders: tuple[Path, ...], form: str, anew: bool) -> None:
    """Carry out scenarios and show what happens, then how everything ended.

    Exits 1 when an invariant breaks, or when what happens is not what log.expect says.
    """
    try:
        codes = [_run(folder, form, anew) for folder in folders]
    except PvcError as error:
        click.echo(f"error: {error.message}", err=True)
        sys.exit(INVALID)
    sys.exit(max(codes))


def _run(folder: Path, form: str, anew: bool) -> int:
    scenario = load_scenario(folder)
    live = form == "text" and not anew
    outcome = Rehearsal(scenario, (lambda line: click.echo(str(line))) if live else lambda line: None).run()
    if anew:
        regenerate(scenario, outcome)
        return 0
    _show_end(outcome, form)
    found = compare(scenario, outcome)
    if found and outcome.breach is None:
        click.echo("\n".join(["", f"{scenario.name} did not go as expected:", *found]), err=True)
    return BREACH if found else 0


def _show_end(outcome: Outcome, form: str) -> None:
    if form == "json":
        click.echo(json.dumps(picture(outcome)))
    else:
        click.echo("\n".join(draw_end(outcome)))


@main.command("random")
@click.option("--runs", default=1000, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--seed", default=0, show_default=True, help="Of the first run; each next one has the next.")
@click.option("--nodes", default=0, type=click.IntRange(0, 50), help="How many nodes; random if not given.")
@click.option("--vms", default=0, type=click.IntRange(0, 500), help="How many VMs; random if not given.")
@click.option("--hours", default=0.0, help="How long; 20 to 60 seconds if not given.")
def at_random(runs: int, seed: int, nodes: int, vms: int, hours: float) -> None:
    """Carry out random requests amid random faults, and check every invariant after every step.

    A breach is printed with its seed and the shortest trace that shows it; the exit code is then 1.
    """
    size, began = Size(nodes, vms, hours), time.monotonic()
    bad = [found for found in run_seeds(range(seed, seed + runs), size) if found.breach is not None]
    took = time.monotonic() - began
    click.echo(f"{runs} runs in {took:.1f} s ({60 * runs / took:.0f} a minute), {len(bad)} with a breach")
    if bad:
        _explain(min(bad, key=lambda found: found.seed), size)
        sys.exit(BREACH)


def _explain(found: Finding, size: Size) -> None:
    """The worst news as a scenario one can keep."""
    scenario = make_scenario(found.seed, size)
    breach = Rehearsal(scenario).run().breach
    if breach is None:
        click.echo(
            f"seed {found.seed}: {found.breach}; it does not show again, so a run is not deterministic"
        )
        return
    shorter = Shrinker(scenario, breach).shrink()
    click.echo(f"\nseed {found.seed}: {breach}\n\n{dump_scenario(shorter)}")
    outcome = Rehearsal(shorter, lambda line: click.echo(str(line))).run()
    click.echo("\n".join(draw_end(outcome)))
