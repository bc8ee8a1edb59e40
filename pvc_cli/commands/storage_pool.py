"""pvc storage ceph pool"""

from __future__ import annotations

from pvc_cli.commands.storage_listing import show_list
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.show import Column
from pvc_core.model.operations import AddPool, RemovePool, SetPoolGroups

pool = Noun("pool", help="Pools: list, make, remove, change.")

POOLS = [
    Column("POOL", "name", whole=True),
    Column("COPIES", lambda pool: f"{pool['copies']} (min. {pool['mincopies']})"),
    Column("TIER", "tier"),
    Column("PGS", "placement_groups", right=True),
    Column("AUTOSCALE", "autoscale"),
    Column("USED FOR", lambda pool: ", ".join(pool["uses"])),
]


@pool.command("list", example="pvc storage ceph pool list")
def list_pools() -> None:
    """All pools: copies, placement groups."""
    show_list("/storage/ceph/pool", POOLS, "there is no pool")


pool.add_command(submits(AddPool, "pvc storage ceph pool add fast 64 --tier ssd --wait"))
pool.add_command(submits(RemovePool, "pvc storage ceph pool remove old --wait"))
pool.add_command(submits(SetPoolGroups, "pvc storage ceph pool set-pgs vms 128 --wait"))
