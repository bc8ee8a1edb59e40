"""pvc storage ceph osd"""

from __future__ import annotations

from pvc_cli.commands.storage_listing import show_list
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.human import size
from pvc_cli.show import Column
from pvc_core.model.operations import (
    AddOsd,
    PutOsdIn,
    RemoveOsd,
    ReplaceOsd,
    SetOsdFlag,
    TakeOsdOut,
    UnsetOsdFlag,
)

osd = Noun("osd", help="Object storage daemons.")

OSDS = [
    Column("OSD", "id", right=True),
    Column("NODE", "node", whole=True),
    Column("CLASS", "device_class"),
    Column("UP", lambda osd: "up" if osd["up"] else "destroyed" if osd.get("destroyed") else "down"),
    Column("IN", lambda osd: "in" if osd["within"] else "out"),
    Column("WEIGHT", "weight", right=True),
    Column("USED", lambda osd: size(osd["used"]), right=True),
    Column("SIZE", lambda osd: size(osd["total"]), right=True),
    Column("PGS", "placement_groups", right=True),
]


@osd.command("list", example="pvc storage ceph osd list")
def list_osds() -> None:
    """All OSDs: node, state, how full."""
    show_list("/storage/ceph/osd", OSDS, "there is no OSD")


osd.add_command(submits(SetOsdFlag, "pvc storage ceph osd set noout --wait"))
osd.add_command(submits(UnsetOsdFlag, "pvc storage ceph osd unset noout --wait"))
osd.add_command(submits(PutOsdIn, "pvc storage ceph osd in 3 --wait"))
osd.add_command(submits(TakeOsdOut, "pvc storage ceph osd out 3 --wait"))
osd.add_command(submits(RemoveOsd, "pvc storage ceph osd remove 3 --wait"))
osd.add_command(submits(AddOsd, "pvc storage ceph osd add hv1 /dev/sdb --device-class ssd --wait"))
osd.add_command(submits(ReplaceOsd, "pvc storage ceph osd replace 3 /dev/sdc --wait"))
