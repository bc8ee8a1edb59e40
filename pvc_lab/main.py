"""pvc-lab: a real PVC cluster on one machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from pvc_core.errors import WrongState
from pvc_lab import faults, node, packages, rounds, status, ticks
from pvc_lab import guest as guests
from pvc_lab.bench import command as bench
from pvc_lab.ceph.place import BUCKET, s3_keys, s3_url
from pvc_lab.down import down as take_down
from pvc_lab.group import main, running
from pvc_lab.layout import Layout, check_size
from pvc_lab.record import only_one, require
from pvc_lab.up import up as bring_up

__all__ = ["bench", "faults", "main"]

AS_FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True
)


@main.command()
@click.option("--nodes", type=int, help="How many nodes.  [default: 3]")
@click.option("--connection", help="Name of the CLI connection.  [default: lab, or labN beside another lab]")
@click.option("--ceph", is_flag=True, help="With a Ceph cluster: monitors, a manager, three OSDs, a pool.")
@click.option("--s3", is_flag=True, help="With Ceph's S3 gateway, a user and a bucket; includes --ceph.")
@click.option("--without-product", is_flag=True, hidden=True, help="Infrastructure only: no worker, no API.")
@click.pass_obj
def up(
    root: Path, nodes: int | None, connection: str | None, ceph: bool, s3: bool, without_product: bool
) -> None:
    """Bring the lab up, or repair it; ends when every part answers."""
    packages.check_machine(ceph or s3, s3)
    size = check_size(nodes) if nodes is not None else None
    with only_one(root):
        record = bring_up(root, size, not without_product, ceph or s3, s3, connection, click.echo)
    if record.product:
        introduce(record.layout(root), record.connection)


def introduce(layout: Layout, connection: str) -> None:
    """What a person wants to know about a lab that is up."""
    click.echo(f"API         {layout.api_url}")
    click.echo(f"Swagger UI  {layout.swagger_url}")
    click.echo(f"Token       {layout.admin_token.read_text().strip()}")
    click.echo(f"            kept in {layout.admin_token}")
    if layout.s3:
        click.echo(f"S3          {s3_url(layout)}, bucket {BUCKET}, keys in {s3_keys(layout)}")
    click.echo(f"Try         pvc -c {connection} node list")


@main.command()
@click.option(
    "--keep", is_flag=True, help="Keep the directory: the next `up` continues with the same cluster."
)
@click.pass_obj
def down(root: Path, keep: bool) -> None:
    """Take the lab down and leave nothing behind."""
    with only_one(root):
        take_down(root, keep)
    click.echo(f"The lab in {root} is down.")


@main.command(name="status")
@AS_FORMAT
@click.pass_obj
def show_status(root: Path, form: str) -> None:
    """Each part: state, pid, whether it answers, where its log is."""
    found = status.gather(root, require(root))
    click.echo(json.dumps(found, indent=2) if form == "json" else status.as_text(found))


@main.command()
@click.argument("name")
@click.option("--memory", type=int, default=128, show_default=True, metavar="MIB")
@click.option("--vcpus", type=int, default=1, show_default=True)
@click.option("--busy", type=int, default=0, metavar="MIB_PER_S", help="Dirty so much memory per second.")
@click.option("--disk", metavar="POOL/VOLUME", help="Write to this RBD image, and verify what was written.")
@click.pass_obj
def guest(root: Path, name: str, memory: int, vcpus: int, busy: int, disk: str | None) -> None:
    """Print the domain XML of a tiny ticking guest."""
    layout = require(root).layout(root)
    click.echo(guests.domain_xml(layout, name, memory, vcpus, busy, disk), nl=False)


@main.command(name="ticks")
@click.argument("names", nargs=-1)
@AS_FORMAT
@click.pass_obj
def show_ticks(root: Path, names: tuple[str, ...], form: str) -> None:
    """Did a guest lose a tick or run twice?

    Exit code 8 if one did, or if it booted more than once.
    """
    layout = require(root).layout(root)
    found = [ticks.read_ticks(layout, name) for name in names or ticks.known_guests(layout)]
    click.echo(ticks.as_json(found) if form == "json" else ticks.as_text(found))
    sys.exit(0 if all(one.whole for one in found) else 8)


@main.command(name="rounds")
@click.argument("names", nargs=-1, required=True, metavar="GUEST...")
@AS_FORMAT
@click.pass_obj
def show_rounds(root: Path, names: tuple[str, ...], form: str) -> None:
    """Did a guest's disk lose or spoil anything that was written to it?

    Exit code 8 if one did, or if a guest has not written anything yet.
    """
    layout = require(root).layout(root)
    found = [rounds.read_rounds(layout, name) for name in names]
    click.echo(rounds.as_json(found) if form == "json" else rounds.as_text(found))
    sys.exit(0 if all(one.whole for one in found) else 8)


@main.command(name="exec", context_settings={"ignore_unknown_options": True})
@click.argument("name", metavar="NODE")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def execute(root: Path, name: str, command: tuple[str, ...]) -> None:
    """Run a program inside a node; its exit code is ours."""
    layout = running(root)[1]
    init = node.find_init(layout, layout.node(name))
    if init is None:
        raise WrongState(f"{name} is off", f"Switch it on: pvc-lab power on {name}")
    node.enter(init, list(command))
