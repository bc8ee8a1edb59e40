"""pvc vm"""

from __future__ import annotations

from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.human import age, gib
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_pairs, show_table
from pvc_core.model.operations import DefineVm, MigrateVm, ShutdownVm, StartVm, StopVm, UndefineVm

Record = dict[str, Any]

MOST = 10_000
"""More VMs than a cluster holds: the API would otherwise answer with a page of them."""

commands = Noun("vm", help="Virtual machines: define, start, migrate, stop.")

commands.add_command(submits(DefineVm, example="pvc vm define web1.xml --node hv1"))
commands.add_command(submits(StartVm, example="pvc vm start web1 --wait"))
commands.add_command(submits(ShutdownVm, example="pvc vm shutdown web1 --yes --wait"))
commands.add_command(submits(StopVm, example="pvc vm stop web1 --yes"))
commands.add_command(submits(MigrateVm, example="pvc vm migrate web1 --target hv2 --wait"))
commands.add_command(submits(UndefineVm, example="pvc vm undefine web1 --yes"))


@commands.command("list", example="pvc vm list 'web*' --node hv1")
@click.argument("limit", metavar="[LIMIT]", required=False)
@click.option("--node", metavar="NODE", help="Only those of this node.")
@click.option("--state", metavar="STATE", help="Only those wanted (start, stop) or seen (running, off) so.")
def list_vms(limit: str | None, node: str | None, state: str | None) -> None:
    """VMs by name; LIMIT is a name or a pattern with * and ?."""
    own = session()
    vms = own.client.get("/vm", name=limit, node=node, state=state, limit=MOST)
    emit(
        own.form,
        vms,
        lambda: show_table(vms, COLUMNS, "no VM matches" if limit or node or state else "no VMs"),
    )


@commands.command("info", example="pvc vm info web1")
@click.argument("vm", metavar="VM")
def info(vm: str) -> None:
    """One VM, by name or UUID: what is wanted, what is seen, what is wrong."""
    own = session()
    found = own.client.get(path_of("/vm/<vm>", vm=vm))
    emit(own.form, found, lambda: _show(found))


@commands.command("dump", example="pvc vm dump web1 > web1.xml")
@click.argument("vm", metavar="VM")
def dump(vm: str) -> None:
    """Print a VM's libvirt domain XML."""
    own = session()
    xml = own.client.get_text(path_of("/vm/<vm>/xml", vm=vm))
    emit(own.form, {"vm": vm, "xml": xml}, lambda: click.echo(xml, nl=not xml.endswith("\n")))


COLUMNS = [
    Column("VM", lambda vm: vm["spec"]["name"]),
    Column("WANTED", lambda vm: vm["spec"]["state"]),
    Column("SEEN", "seen"),
    Column("NODE", lambda vm: vm["spec"]["node"]),
    Column("HOME", lambda vm: vm["spec"]["previous_node"]),
    Column("VCPUS", lambda vm: vm["spec"]["vcpus"], right=True),
    Column("MEMORY", lambda vm: gib(vm["spec"]["memory_mib"]), right=True),
    Column("NOTE", lambda vm: _note(vm)),
]


def _note(vm: Record) -> str:
    if vm["faults"]:
        return ", ".join(fault["code"] for fault in vm["faults"])
    if vm["spec"]["moving_to"]:
        return f"moving to {vm['spec']['moving_to']}"
    return "busy" if vm["job"] else ""


def _show(vm: Record) -> None:
    spec = vm["spec"]
    show_pairs(
        [
            ("vm", spec["name"]),
            ("uuid", spec["uuid"]),
            ("wanted", spec["state"]),
            ("seen", vm["seen"] + (f" on {', '.join(vm['seen_on'])}" if vm["seen_on"] else "")),
            ("node", spec["node"]),
            ("home", spec["previous_node"]),
            ("moving to", spec["moving_to"]),
            ("busy with", vm["job"]),
            ("vcpus", spec["vcpus"]),
            ("memory", gib(spec["memory_mib"])),
            ("allowed nodes", ", ".join(spec["node_limit"]) or "all"),
            ("node selector", spec["node_selector"]),
            ("migration", spec["migration_method"]),
            ("autorestart", "yes" if spec["autorestart"] else "no"),
            ("starts with", spec["restart_on_ready"] and f"`node ready {spec['restart_on_ready']}`"),
            ("disks", ", ".join(spec["rbd_disks"])),
            ("defined", age(spec["created"]) if spec["created"] else ""),
            *(("fault", f"{fault['code']}: {fault['message']}\n{fault['remedy']}") for fault in vm["faults"]),
        ]
    )
