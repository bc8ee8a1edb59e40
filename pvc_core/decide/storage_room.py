"""Whether a pool can keep what it promises: all its volumes written full."""

from __future__ import annotations

from dataclasses import dataclass

from pvc_core.errors import Conflict
from pvc_core.model.size import render_size
from pvc_core.model.storage import PoolUse


class NotEnoughSpace(Conflict):
    """`details` has the figures, in bytes."""

    code = "NOT_ENOUGH_SPACE"


@dataclass(frozen=True)
class Room:
    """Of a pool, in bytes as volumes count them: copies are considered already."""

    pool: str
    capacity: int
    """What it holds and what still fits; or its quota."""
    promised: int
    """The sizes of its volumes."""
    overcommit: float
    by_quota: bool = False

    @property
    def most(self) -> int:
        return int(self.capacity * self.overcommit)

    @property
    def left(self) -> int:
        return max(0, self.most - self.promised)


def room_of(use: PoolUse, promised: int, overcommit: float) -> Room:
    """A quota counts what Ceph calls stored: what was written, once, snapshots and all."""
    fits = use.stored + use.available
    by_quota = 0 < use.quota < fits
    return Room(use.name, use.quota if by_quota else fits, promised, overcommit, by_quota)


def describe_full(use: PoolUse) -> str:
    """Whoever writes to it waits for room; empty if it has some."""
    if 0 < use.quota <= use.stored:
        return f"pool {use.name} is full: it has a quota of {render_size(use.quota)}"
    return f"pool {use.name} is full" if use.available <= 0 else ""


def check_room(room: Room, more: int) -> None:
    """Raises NotEnoughSpace."""
    if more <= room.left:
        return
    times = "" if room.overcommit == 1 else f" times {room.overcommit:g}"
    holds = "has a quota of" if room.by_quota else "holds"
    way_out = f"raise its quota (`ceph osd pool set-quota {room.pool} max_bytes …`)"
    raise NotEnoughSpace(
        f"pool {room.pool} cannot promise {render_size(more)} more: it {holds} "
        f"{render_size(room.capacity)}{times}, of which {render_size(room.promised)} are promised to its "
        f"volumes and {render_size(room.left)} are left",
        f"Ask for less, remove volumes or {way_out if room.by_quota else 'add OSDs'}; or let it promise more "
        "than it holds: storage.overcommit in the configuration.",
        asked=more,
        capacity=room.capacity,
        promised=room.promised,
        left=room.left,
        overcommit=room.overcommit,
    )
