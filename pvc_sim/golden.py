"""The golden log of a scenario: what its run must print, to the letter."""

from __future__ import annotations

import difflib
from pathlib import Path

from pvc_core.errors import InvalidRequest
from pvc_sim.picture import draw_end
from pvc_sim.rehearsal import Outcome, Rehearsal
from pvc_sim.scenario import Scenario, load_scenario


def draw(outcome: Outcome) -> str:
    """The timeline and the end state."""
    return "\n".join([*map(str, outcome.lines), *draw_end(outcome), ""])


def differences(folder: Path) -> list[str]:
    """A diff from what is expected to what happens; empty when the scenario holds."""
    scenario = load_scenario(folder)
    return compare(scenario, Rehearsal(scenario, lambda line: None).run())


def compare(scenario: Scenario, outcome: Outcome) -> list[str]:
    """As `differences`, of a run that was made already; without a golden log, only a breach is one."""
    found = [] if outcome.breach is None else [str(outcome.breach)]
    if scenario.golden is None or not scenario.golden.exists():
        return found
    expected, shown = scenario.golden.read_text().splitlines(), draw(outcome).splitlines()
    return [*found, *difflib.unified_diff(expected, shown, "log.expect", "log", lineterm="")]


def regenerate(scenario: Scenario, outcome: Outcome) -> None:
    """Raises InvalidRequest rather than write down a breach as if it were right."""
    if outcome.breach is not None or scenario.golden is None:
        raise InvalidRequest(f"{scenario.name} breaks an invariant: {outcome.breach}")
    scenario.golden.write_text(draw(outcome))
