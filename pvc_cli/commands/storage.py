"""pvc storage"""

from __future__ import annotations

from typing import Any

import click

from pvc_cli.commands.storage_osd import osd
from pvc_cli.commands.storage_pool import pool
from pvc_cli.commands.storage_snapshot import snapshot
from pvc_cli.commands.storage_transfer import download, upload
from pvc_cli.commands.storage_volume import volume
from pvc_cli.frame import Noun
from pvc_cli.human import size
from pvc_cli.session import session
from pvc_cli.show import Column, emit, heading, paint, show_pairs, show_table, show_text

Record = dict[str, Any]

commands = Noun("storage", help="Block storage: what is there, and how it is.")
ceph = Noun("ceph", help="Ceph: status, OSDs, pools, volumes.")
commands.add_command(ceph)
for noun in (osd, pool, volume, snapshot):
    ceph.add_command(noun)
for transfer in (upload, download):
    volume.add_command(transfer)

UTIL = [
    Column("POOL", "name", whole=True),
    Column("STORED", lambda pool: size(pool["stored"]), right=True),
    Column("USED", lambda pool: size(pool["used"]), right=True),
    Column("FREE", lambda pool: size(pool["available"]), right=True),
    Column("QUOTA", lambda pool: size(pool["quota"]) if pool["quota"] else "-", right=True),
    Column("OBJECTS", "objects", right=True),
]


@ceph.command("status", example="pvc storage ceph status")
def status() -> None:
    """Health and what is wrong, daemons, placement groups."""
    own = session()
    found = own.client.get("/storage/ceph/status")
    emit(own.form, found, lambda: _show_status(found))


@ceph.command("util", example="pvc storage ceph util")
def util() -> None:
    """How full the storage and each pool are."""
    own = session()
    found = own.client.get("/storage/ceph/util")
    emit(own.form, found, lambda: _show_util(found))


def _show_status(found: Record) -> None:
    click.echo(f"{click.style('storage', bold=True)} is {paint(found['health'])}")
    for check in found["checks"]:
        show_text(f"  {check['code']}: {check['message']}", 4, fg="red")
    groups = ", ".join(f"{count} {state}" for state, count in found["placement_groups"].items())
    heading("Now")
    show_pairs(
        [
            ("monitors", f"{len(found['quorum'])} of {found['monitors']} ({', '.join(found['quorum'])})"),
            ("manager", "active" if found["manager"] else "none is active"),
            ("OSDs", f"{found['osds']}: {found['osds_up']} up, {found['osds_in']} in"),
            ("placement groups", groups),
            ("used", f"{size(found['used'])} of {size(found['total'])}"),
        ]
    )


def _show_util(found: Record) -> None:
    click.echo(f"{size(found['used'])} of {size(found['total'])} used, {size(found['available'])} free")
    show_table(found["pools"], UTIL, "there is no pool")
