"""What operations on snapshots of volumes share."""

from __future__ import annotations

from typing import TypeVar

from pvc_core.errors import NotFound
from pvc_core.model.operations.storage_snapshot import OfSnapshot
from pvc_core.model.storage import VolumeSnapshot
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import VolumeHandler
from pvc_tasks.outcome import Done

S = TypeVar("S", bound=OfSnapshot)


class SnapshotHandler(VolumeHandler[S]):
    def about(self, asked: S) -> str:
        return f"{asked.pool}/{asked.volume}@{asked.snapshot}"

    def begin(self, asked: S, ctx: Context, stage: str) -> None:
        """Look once more, and put on record that it acts from now on."""
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            ctx.change(stage=stage)
            ctx.save()

    def done(self, asked: S, words: str) -> Done:
        where = {"pool": asked.pool, "volume": asked.volume, "snapshot": asked.snapshot}
        return Done(f"{self.about(asked)} {words}", where)


def find_snapshot(blocks: Blocks, pool: str, volume: str, name: str) -> VolumeSnapshot | None:
    """Raises NotFound for a volume that is not there."""
    return next((one for one in blocks.snapshots(pool, volume) if one.name == name), None)


def load_snapshot(blocks: Blocks, asked: OfSnapshot) -> VolumeSnapshot:
    """Raises NotFound."""
    found = find_snapshot(blocks, asked.pool, asked.volume, asked.snapshot)
    if found is None:
        raise NotFound(
            f"there is no snapshot {asked.pool}/{asked.volume}@{asked.snapshot}",
            f"See `pvc storage ceph snapshot list {asked.pool} {asked.volume}`.",
        )
    return found
