"""pvc vm rename, and the nouns of a VM's hardware: vcpu, memory, network, volume"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.complete import complete_vms
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.human import gib
from pvc_cli.restarting import OPTIONS, change_and_offer
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_pairs, show_table
from pvc_core.model.operations import (
    AddVmNetwork,
    AddVmVolume,
    RemoveVmNetwork,
    RemoveVmVolume,
    RenameVm,
    SetVmMemory,
    SetVmVcpus,
)

Record = dict[str, Any]

NETWORKS = [
    Column("MAC ADDRESS", "macaddr"),
    *(Column(key.upper(), key) for key in ("network", "type", "model")),
]
VOLUMES = [
    Column("DISK", "disk_id"),
    Column("VOLUME", "volume"),
    *(Column(key.upper(), key) for key in ("type", "bus", "device")),
]

vcpu = Noun("vcpu", help="How many virtual CPUs a VM has.")
memory = Noun("memory", help="How much memory a VM has.")
network = Noun("network", help="A VM's network interfaces.")
volume = Noun("volume", help="A VM's disks.")

vcpu.add_command(
    submits(
        SetVmVcpus,
        ("pvc vm vcpu set web1 4 --wait", "pvc vm vcpu set web1 8 --topology 2,4,1 --restart --yes"),
        by=change_and_offer,
        more=OPTIONS,
    )
)
memory.add_command(
    submits(SetVmMemory, "pvc vm memory set web1 4096 --wait", by=change_and_offer, more=OPTIONS)
)
network.add_command(submits(AddVmNetwork, "pvc vm network add web1 br100 --wait"))
network.add_command(
    submits(RemoveVmNetwork, "pvc vm network remove web1 --macaddr 52:54:00:12:34:56 --yes --wait")
)
volume.add_command(
    submits(
        AddVmVolume,
        ("pvc vm volume add web1 vms/web1-data --wait", "pvc vm volume add web1 /srv/cd.iso --type file"),
    )
)
volume.add_command(submits(RemoveVmVolume, "pvc vm volume remove web1 vms/web1-data --yes --wait"))


def _show_vcpus(vm: str, found: Record) -> None:
    vcpus = found["vcpus"]
    shown = [("vcpus", vcpus["vcpus"]), ("at most, while running", vcpus["maximum"])]
    show_pairs([*shown, ("sockets,cores,threads", vcpus["topology"])])


def _show_memory(vm: str, found: Record) -> None:
    size = found["memory"]
    started = gib(size["current_mib"]) if size["current_mib"] != size["memory_mib"] else None
    show_pairs([("memory", gib(size["memory_mib"])), ("starts with", started)])


def _show_networks(vm: str, found: Record) -> None:
    """As a whole in red when one of them is missing: the VM would not start, or not be reached."""
    missing = [one["network"] for one in found["networks"] if one["exists"] is False]
    show_table(found["networks"], NETWORKS, f"{vm} has no network interface", "red" if missing else None)
    for name in dict.fromkeys(missing):
        click.secho(f"{name} does not exist on the node of {vm}", fg="red")


def _show_volumes(vm: str, found: Record) -> None:
    show_table(found["volumes"], VOLUMES, f"{vm} has no disk")


def _add_get(noun: Noun, key: str, what: str, show: Callable[[str, Record], None]) -> None:
    @noun.command("get", example=f"pvc vm {noun.name} get web1", help=f"{what}, as defined.")
    @click.argument("vm", metavar="VM", shell_complete=complete_vms)
    def get(vm: str) -> None:
        own = session()
        found = own.client.get(path_of("/vm/<vm>/hardware", vm=vm))
        emit(own.form, found[key], lambda: show(vm, found))
        if found["restart_needed"]:
            click.echo(f"{vm} runs, and is not yet wholly as defined: pvc vm restart {vm}", err=True)


_add_get(vcpu, "vcpus", "A VM's virtual CPUs", _show_vcpus)
_add_get(memory, "memory", "A VM's memory", _show_memory)
_add_get(network, "networks", "A VM's network interfaces", _show_networks)
_add_get(volume, "volumes", "A VM's disks", _show_volumes)


def add_to(commands: Noun) -> None:
    commands.add_command(submits(RenameVm, "pvc vm rename web1 shop1"))
    for noun in (vcpu, memory, network, volume):
        commands.add_command(noun)
