"""Whether a pool can keep what it promises: all its volumes written full."""

from __future__ import annotations

from dataclasses import dataclass

from pvc_core.errors import Conflict
from pvc_core.model.size import render_size


class NotEnoughSpace(Conflict):
    """`details` has the figures, in bytes."""

    code = "NOT_ENOUGH_SPACE"


@dataclass(frozen=True)
class Room:
    """Of a pool, in bytes as volumes count them: copies are considered already."""

    pool: str
    capacity: int
    """What it holds and what still fits."""
    promised: int
    """The sizes of its volumes."""
    overcommit: float

    @property
    def most(self) -> int:
        return int(self.capacity * self.overcommit)

    @property
    def left(self) -> int:
        return max(0, self.most - self.promised)


def check_room(room: Room, more: int) -> None:
    """Raises NotEnoughSpace."""
    if more <= room.left:
        return
    times = "" if room.overcommit == 1 else f" times {room.overcommit:g}"
    raise NotEnoughSpace(
        f"pool {room.pool} cannot promise {render_size(more)} more: it holds "
        f"{render_size(room.capacity)}{times}, of which {render_size(room.promised)} are promised to its "
        f"volumes and {render_size(room.left)} are left",
        "Ask for less, remove volumes or add OSDs; or let it promise more than it holds: "
        "storage.overcommit in the configuration.",
        asked=more,
        capacity=room.capacity,
        promised=room.promised,
        left=room.left,
        overcommit=room.overcommit,
    )
