"""pvc vm"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.commands import vm_edit, vm_meta, vm_modify, vm_snapshot, vm_tag
from pvc_cli.commands.log import vm_log
from pvc_cli.complete import complete_nodes, complete_tags, complete_vm_states, complete_vms
from pvc_cli.editor import write_file
from pvc_cli.frame import Noun
from pvc_cli.generate import planned, submits
from pvc_cli.human import age, gib
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_pairs, show_table
from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import (
    DefineVm,
    DisableVm,
    FlushVmLocks,
    MigrateVm,
    MoveVm,
    RemoveVm,
    RestartVm,
    ShutdownVm,
    StartVm,
    StopVm,
    UndefineVm,
    UnmigrateVm,
)

Record = dict[str, Any]

MOST = 10_000
"""More VMs than a cluster holds: the API would otherwise answer with a page of them."""

DEFINE = (
    "pvc vm define web1.xml --node hv1",
    "pvc vm define web1.xml --tag shop --autorestart --description 'the shop'",
)

commands = Noun("vm", help="Virtual machines: define, start, migrate, stop.")

commands.add_command(submits(DefineVm, example=DEFINE))
commands.add_command(submits(StartVm, example="pvc vm start web1 --wait"))
commands.add_command(submits(ShutdownVm, example="pvc vm shutdown web1 --yes --wait"))
commands.add_command(submits(StopVm, example="pvc vm stop web1 --yes"))
commands.add_command(
    submits(
        RestartVm,
        example=("pvc vm restart web1 --yes --wait", "pvc vm restart web1 --then-stop --yes"),
    )
)
commands.add_command(submits(DisableVm, example="pvc vm disable web1 --yes"))
commands.add_command(submits(MigrateVm, example="pvc vm migrate web1 --target hv2 --wait"))
commands.add_command(submits(UnmigrateVm, example="pvc vm unmigrate web1 --wait"))
commands.add_command(submits(MoveVm, example="pvc vm move web1 --target hv2 --wait"))
commands.add_command(submits(FlushVmLocks, example="pvc vm flush-locks web1 --yes --wait"))
commands.add_command(submits(UndefineVm, example="pvc vm undefine web1 --yes"))
commands.add_command(
    submits(RemoveVm, example=("pvc vm remove web1 --dry-run", "pvc vm remove web1 --wait"), question=planned)
)
commands.add_command(vm_log)
vm_meta.add_to(commands)
vm_snapshot.add_to(commands)
vm_tag.add_to(commands)
vm_edit.add_to(commands)
vm_modify.add_to(commands)


@commands.command(
    "list",
    example=(
        "pvc vm list 'web*' --node hv1",
        "pvc vm list --tag shop --state running --negate",
        "pvc vm list --wide",
    ),
)
@click.argument("limit", metavar="[LIMIT]", required=False, shell_complete=complete_vms)
@click.option(
    "-t",
    "--node",
    "--target",
    "node",
    metavar="NODE",
    help="Only those of this node.",
    shell_complete=complete_nodes,
)
@click.option(
    "-s",
    "--state",
    metavar="STATE",
    help="Only those wanted (start, stop) or seen (running, off) so.",
    shell_complete=complete_vm_states,
)
@click.option(
    "-g", "--tag", metavar="TAG", help="Only those with this tag, or pattern.", shell_complete=complete_tags
)
@click.option("-n", "--negate", is_flag=True, help="Only those that do not match all of the above.")
@click.option("--wide", is_flag=True, help="What their admins said of them, in place of their sizes.")
def list_vms(limit: str | None, negate: bool, wide: bool, **filters: str | None) -> None:
    """VMs by name; LIMIT is a name or a pattern with * and ?."""
    own = session()
    narrowed = limit is not None or any(filters.values())
    if negate and not narrowed:
        raise InvalidRequest("--negate: there is nothing to negate", "Give LIMIT, --node, --state or --tag.")
    vms = own.client.get("/vm", name=limit, negate=negate or None, limit=MOST, **filters)
    columns = WIDE if wide else COLUMNS
    emit(own.form, vms, lambda: show_table(vms, columns, "no VM matches" if narrowed else "no VMs"))


@commands.command("info", example="pvc vm info web1")
@click.argument("vm", metavar="VM", shell_complete=complete_vms)
def info(vm: str) -> None:
    """One VM, by name or UUID: what is wanted, what is seen, what is wrong."""
    own = session()
    found = own.client.get(path_of("/vm/<vm>", vm=vm))
    emit(own.form, found, lambda: _show(found))


@commands.command("dump", example=("pvc vm dump web1", "pvc vm dump web1 --file web1.xml"))
@click.argument("vm", metavar="VM", shell_complete=complete_vms)
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write it there instead, readable for you alone.",
)
def dump(vm: str, file: Path | None) -> None:
    """Print a VM's libvirt domain XML.

    In JSON and YAML with its version: `vm modify --version` saves a change only if it is still that.
    """
    own = session()
    xml, version = own.client.get_tagged(path_of("/vm/<vm>/xml", vm=vm))
    if file is not None:
        write_file(file, xml)
        click.echo(f"{vm} is in {file}, as of version {version}", err=True)
        return
    emit(
        own.form,
        {"vm": vm, "version": version, "xml": xml},
        lambda: click.echo(xml, nl=not xml.endswith("\n")),
    )


NAME = Column("VM", lambda vm: vm["spec"]["name"], whole=True)
SEEN = Column("SEEN", "seen")
NODE = Column("NODE", lambda vm: vm["spec"]["node"])

WIDE = [NAME, SEEN, NODE, *vm_meta.COLUMNS]

COLUMNS = [
    NAME,
    Column("WANTED", lambda vm: vm["spec"]["state"]),
    SEEN,
    NODE,
    Column("HOME", lambda vm: vm["spec"]["previous_node"], optional=True),
    Column("VCPUS", lambda vm: vm["spec"]["vcpus"], right=True),
    Column("MEMORY", lambda vm: gib(vm["spec"]["memory_mib"]), right=True),
    vm_meta.TAGS,
    Column("NOTE", lambda vm: _note(vm), optional=True),
]


def _seen(vm: Record) -> str:
    why, target = f" ({vm['seen_why']})" if vm["seen_why"] else "", vm["spec"]["moving_to"]
    here = [node for node in vm["seen_on"] if node != target or len(vm["seen_on"]) == 1]
    seen = f"{vm['seen']}{why}" + (f" on {', '.join(here)}" if here else "")
    return seen if here == vm["seen_on"] else f"{seen}, arriving on {target}"


def _crashes(moments: list[float]) -> str:
    """Those that count against the limit of restarts."""
    return f"{len(moments)}, the last {age(moments[-1])}" if moments else ""


def _note(vm: Record) -> str:
    if vm["faults"]:
        return ", ".join(fault["code"] for fault in vm["faults"])
    if vm["spec"]["moving_to"]:
        return f"moving to {vm['spec']['moving_to']}"
    if vm["job"]:
        return "busy"
    again = vm["spec"]["restart_on_ready"]
    return f"starts when {again} is ready" if again else ""


def _show(vm: Record) -> None:
    spec = vm["spec"]
    show_pairs(
        [
            ("vm", spec["name"]),
            ("uuid", spec["uuid"]),
            ("description", spec["description"]),
            ("tags", vm_tag.tell_tags(spec["tags"])),
            ("wanted", spec["state"]),
            ("seen", _seen(vm)),
            ("node", spec["node"]),
            ("home", spec["previous_node"]),
            ("moving to", spec["moving_to"]),
            ("busy with", vm["job"]),
            ("vcpus", spec["vcpus"]),
            ("memory", gib(spec["memory_mib"])),
            *vm_meta.pairs(spec),
            ("starts with", spec["restart_on_ready"] and f"`node ready {spec['restart_on_ready']}`"),
            ("disks", ", ".join(spec["rbd_disks"])),
            ("restart", spec["running"] and "needed: what runs is not yet as defined"),
            ("crashes", _crashes(spec["crashes"])),
            ("defined", age(spec["created"]) if spec["created"] else ""),
            *(("fault", f"{fault['code']}: {fault['message']}\n{fault['remedy']}") for fault in vm["faults"]),
        ]
    )
