"""pvc storage ceph volume"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import click

from pvc_cli.client import path_of
from pvc_cli.commands.storage_listing import show_list
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.human import age, size
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_pairs
from pvc_core.model.operations import (
    AddVolume,
    AdoptVolume,
    CloneVolume,
    FlattenVolume,
    RemoveVolume,
    RenameVolume,
    ResizeVolume,
)

Record = dict[str, Any]

volume = Noun("volume", help="Volumes: the disks of VMs.")

VOLUMES = [
    Column("POOL", "pool"),
    Column("VOLUME", "name", whole=True),
    Column("SIZE", lambda volume: size(volume["size"]), right=True),
    Column("CLONE OF", "parent", optional=True),
]


@volume.command("list", example="pvc storage ceph volume list --pool vms")
@click.option("--pool", "-p", metavar="POOL", help="Of this pool only.")
def list_volumes(pool: str | None) -> None:
    """The volumes, and what they were cloned from."""
    query = f"?{urlencode({'pool': pool})}" if pool else ""
    show_list(f"/storage/ceph/volume{query}", VOLUMES, "there is no volume")


@volume.command("info", example="pvc storage ceph volume info vms web")
@click.argument("pool", metavar="POOL")
@click.argument("volume", metavar="VOLUME")
def volume_info(pool: str, volume: str) -> None:
    """One volume, its snapshots, and who has it open."""
    own = session()
    found = own.client.get(path_of("/storage/ceph/volume/<pool>/<volume>", pool=pool, volume=volume))
    emit(own.form, found, lambda: _show_volume(found))


volume.add_command(submits(AddVolume, "pvc storage ceph volume add vms web1-data 20G --wait"))
volume.add_command(submits(RemoveVolume, "pvc storage ceph volume remove vms web1-data --yes --wait"))
volume.add_command(submits(ResizeVolume, "pvc storage ceph volume resize vms web1-data 40G --wait"))
volume.add_command(submits(RenameVolume, "pvc storage ceph volume rename vms web1-data web1-old"))
volume.add_command(submits(CloneVolume, "pvc storage ceph volume clone vms debian12 web2 --wait"))
volume.add_command(submits(FlattenVolume, "pvc storage ceph volume flatten vms web2 --wait"))
volume.add_command(submits(AdoptVolume, "pvc storage ceph volume adopt vms old-disk 'old disk'"))


def _show_volume(found: Record) -> None:
    show_pairs(
        [
            ("volume", f"{found['pool']}/{found['name']}"),
            ("size", size(found["size"])),
            ("created", age(found["created"])),
            ("clone of", found["parent"]),
            ("features", ", ".join(found["features"])),
            ("snapshots", ", ".join(found["snapshots"])),
            ("open by", _who(found["watchers"]) or "nobody"),
            ("locked by", _who(found["lockers"])),
        ]
    )


def _who(found: list[Record]) -> str:
    """By node; a client outside by its address alone."""
    return ", ".join(f"{one['node']} ({one['address']})" if one["node"] else one["address"] for one in found)
