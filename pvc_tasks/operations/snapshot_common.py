"""What operations on snapshots of volumes share."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar

from pvc_core.errors import NotFound
from pvc_core.model.operations.storage_snapshot import OfSnapshot
from pvc_core.model.storage import VolumeSnapshot
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.operations.storage_common import VolumeHandler

S = TypeVar("S", bound=OfSnapshot)


class SnapshotHandler(VolumeHandler[S]):
    def about(self, asked: S) -> str:
        return f"{asked.pool}/{asked.volume}@{asked.snapshot}"

    def facts(self, asked: S) -> dict[str, object]:
        return {"pool": asked.pool, "volume": asked.volume, "snapshot": asked.snapshot}


def find_snapshot(blocks: Blocks, pool: str, volume: str, name: str) -> VolumeSnapshot | None:
    """Raises NotFound for a volume that is not there."""
    return next((one for one in blocks.snapshots(pool, volume) if one.name == name), None)


def look_for(blocks: Blocks, asked: OfSnapshot) -> VolumeSnapshot | None:
    """None as well if its volume is not there."""
    with suppress(NotFound):
        return find_snapshot(blocks, asked.pool, asked.volume, asked.snapshot)
    return None


def load_snapshot(blocks: Blocks, asked: OfSnapshot) -> VolumeSnapshot:
    """Raises NotFound."""
    found = find_snapshot(blocks, asked.pool, asked.volume, asked.snapshot)
    if found is None:
        raise NotFound(
            f"there is no snapshot {asked.pool}/{asked.volume}@{asked.snapshot}",
            f"See `pvc storage ceph snapshot list {asked.pool} {asked.volume}`.",
        )
    return found
