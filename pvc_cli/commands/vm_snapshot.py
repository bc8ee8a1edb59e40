"""pvc vm snapshot"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import click

from pvc_cli.client import path_of
from pvc_cli.complete import complete_vms
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.human import age, size
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_pairs, show_table
from pvc_core.model.operations import AddVmSnapshot, ExportVmSnapshot, ImportVm, RemoveVmSnapshot, RollBackVm

Record = dict[str, Any]

snapshot = Noun("snapshot", help="Snapshots of VMs: all disks at one moment, definition and metadata.")

SNAPSHOTS = [
    Column("SNAPSHOT", "name", whole=True),
    Column("CREATED", lambda one: age(one["created"])),
    Column("STATE", "state"),
    Column("CONSISTENT", lambda one: one["consistent"] or ""),
    Column("PAUSE MS", lambda one: "" if one["pause_ms"] is None else str(one["pause_ms"]), right=True),
    Column("DISKS", lambda one: str(len(one["disks"])), right=True),
]
DISKS = [
    Column("DISK", "disk", whole=True),
    Column("CHANGE", "change"),
    Column("WRITTEN", lambda one: "" if one["changed"] is None else size(one["changed"]), right=True),
]

snapshot.add_command(
    submits(AddVmSnapshot, ("pvc vm snapshot add web1 --wait", "pvc vm snapshot add web1 before-upgrade"))
)


@snapshot.command("list", example="pvc vm snapshot list web1")
@click.argument("vm", metavar="VM", shell_complete=complete_vms)
def list_snapshots(vm: str) -> None:
    """A VM's snapshots, the oldest first."""
    own = session()
    found = own.client.get(path_of("/vm/<vm>/snapshot", vm=vm))
    emit(own.form, found, lambda: show_table(found, SNAPSHOTS, f"{vm} has no snapshots"))


@snapshot.command("diff", example="pvc vm snapshot diff web1 before-upgrade")
@click.argument("vm", metavar="VM", shell_complete=complete_vms)
@click.argument("name", metavar="SNAPSHOT")
@click.argument("other", metavar="[OTHER]", required=False)
def diff(vm: str, name: str, other: str | None) -> None:
    """What has changed since a snapshot, until a later one or until now."""
    own = session()
    query = f"?{urlencode({'other': other})}" if other else ""
    found = own.client.get(path_of("/vm/<vm>/snapshot/<snapshot>/diff", vm=vm, snapshot=name) + query)
    emit(own.form, found, lambda: _show_diff(found))


snapshot.add_command(submits(RollBackVm, "pvc vm snapshot rollback web1 before-upgrade --yes --wait"))
snapshot.add_command(submits(RemoveVmSnapshot, "pvc vm snapshot remove web1 before-upgrade --yes --wait"))
snapshot.add_command(
    submits(
        ExportVmSnapshot,
        (
            "pvc vm snapshot export web1 monday web1-monday --wait",
            "pvc vm snapshot export web1 tuesday web1-tuesday --incremental-from monday --wait",
        ),
    )
)


def _show_diff(found: Record) -> None:
    for line in found["xml"]:
        click.echo(line)
    if not found["xml"]:
        click.echo("the definition is the same")
    show_pairs([(one["field"].replace("_", " "), _change(one)) for one in found["metadata"]])
    show_table(found["disks"], DISKS, "there is no disk")


def _change(one: Record) -> str:
    return f"{one['before'] or 'unset'} -> {one['after'] or 'unset'}"


def add_to(commands: Noun) -> None:
    commands.add_command(snapshot)
    commands.add_command(
        submits(ImportVm, "pvc vm import web1-tuesday --node hv1 --rename web1-restored --wait")
    )
