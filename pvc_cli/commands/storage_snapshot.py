"""pvc storage ceph snapshot"""

from __future__ import annotations

from urllib.parse import urlencode

import click

from pvc_cli.commands.storage_listing import show_list
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.human import age, size
from pvc_cli.show import Column
from pvc_core.model.operations import (
    AddSnapshot,
    ProtectSnapshot,
    RemoveSnapshot,
    RenameSnapshot,
    RollBackSnapshot,
    UnprotectSnapshot,
)

PREFIX = "pvc storage ceph snapshot"

snapshot = Noun("snapshot", help="Snapshots of volumes.")

SNAPSHOTS = [
    Column("SNAPSHOT", "name", whole=True),
    Column("SIZE", lambda snapshot: size(snapshot["size"]), right=True),
    Column("PROTECTED", lambda snapshot: "yes" if snapshot["protected"] else "no"),
    Column("TAKEN", lambda snapshot: age(snapshot["created"])),
]


@snapshot.command("list", example=f"{PREFIX} list vms web1-data")
@click.argument("pool", metavar="POOL")
@click.argument("volume", metavar="VOLUME")
def list_snapshots(pool: str, volume: str) -> None:
    """A volume's snapshots, the oldest first."""
    query = urlencode({"pool": pool, "volume": volume})
    show_list(f"/storage/ceph/snapshot?{query}", SNAPSHOTS, "there is no snapshot")


snapshot.add_command(submits(AddSnapshot, f"{PREFIX} add vms web1-data before-upgrade"))
snapshot.add_command(submits(RenameSnapshot, f"{PREFIX} rename vms web1-data before-upgrade v1"))
snapshot.add_command(submits(ProtectSnapshot, f"{PREFIX} protect vms web1-data v1"))
snapshot.add_command(submits(UnprotectSnapshot, f"{PREFIX} unprotect vms web1-data v1"))
snapshot.add_command(submits(RollBackSnapshot, f"{PREFIX} rollback vms web1-data v1 --yes --wait"))
snapshot.add_command(submits(RemoveSnapshot, f"{PREFIX} remove vms web1-data v1 --yes --wait"))
