"""What PVC asks of its block storage.

Every call answers within the time limit the home was made with, or raises StorageUnavailable; what does not
exist is NotFound; what the storage will not do is StorageRefused, with its own words. Calls that are given
`tell` have no limit: they are made in a thread of their own, tell how far they are, and where the storage
allows it, they end when `tell` raises; made again, they go on or begin again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from pvc_core.model.storage import (
    Hidden,
    Osd,
    OsdMark,
    Pool,
    PoolPlan,
    StorageStatus,
    StorageUtil,
    Volume,
    VolumeDetail,
    VolumeSnapshot,
)
from pvc_drivers.blocks.clients import Clients
from pvc_drivers.blocks.content import Content
from pvc_drivers.blocks.osds import Gates, OsdChanges
from pvc_drivers.patience import Patient

Tell = Callable[[int, int], None]
"""Called with how much is done of how much."""


class Reads(Protocol):
    """Looking; leaves nothing behind."""

    def status(self) -> StorageStatus: ...

    def util(self) -> StorageUtil: ...

    def osds(self) -> list[Osd]:
        """By id."""

    def osd_marks(self) -> list[OsdMark]:
        """By number; of those that were destroyed none is known."""

    def pools(self) -> list[Pool]:
        """By name."""

    def volumes(self, pool: str) -> list[Volume]:
        """By name."""

    def hidden(self, pool: str) -> Hidden:
        """What is in the pool as well, though not among its volumes."""

    def volume(self, pool: str, name: str) -> VolumeDetail: ...

    def snapshots(self, pool: str, volume: str) -> list[VolumeSnapshot]:
        """The oldest first."""


class VolumeChanges(Protocol):
    def create_volume(self, pool: str, name: str, size: int) -> None:
        """Thin; raises AlreadyExists."""

    def remove_volume(self, pool: str, name: str, tell: Tell) -> None:
        """Nothing if it is gone already; raises VolumeInUse while somebody has it open."""


class VolumeEdits(Protocol):
    def promised(self, pool: str, age_s: float = 0.0) -> int:
        """What its volumes would hold if all were written full; an answer as old as that will do."""

    def resize_volume(self, pool: str, volume: str, size: int, tell: Tell) -> None:
        """To more also while it is in use; to less raises VolumeInUse while somebody has it open.

        What is cut off is gone; when `tell` ends it, part of it is.
        """

    def rename_volume(self, pool: str, volume: str, new: str) -> None:
        """Raises AlreadyExists, and VolumeInUse while somebody has it open."""

    def clone_volume(self, pool: str, volume: str, snapshot: str, to_pool: str, name: str) -> None:
        """A volume that shares the data of a protected snapshot; raises AlreadyExists."""

    def flatten_volume(self, pool: str, volume: str, tell: Tell) -> None:
        """Copy what it shares, so that it depends on no snapshot; nothing if it is so already."""


class SnapshotChanges(Protocol):
    """NotFound where the volume or the snapshot is missing, if not said otherwise."""

    def create_snapshot(self, pool: str, volume: str, name: str) -> None:
        """Of a volume in use as well; raises AlreadyExists."""

    def rename_snapshot(self, pool: str, volume: str, name: str, new: str) -> None:
        """Raises AlreadyExists."""

    def protect_snapshot(self, pool: str, volume: str, name: str) -> None:
        """Nothing if it is so already."""

    def unprotect_snapshot(self, pool: str, volume: str, name: str) -> None:
        """Nothing if it is so already; raises VolumeInUse while it has clones."""

    def remove_snapshot(self, pool: str, volume: str, name: str) -> None:
        """Nothing if it is gone already; raises VolumeInUse while it is protected."""

    def rollback_snapshot(self, pool: str, volume: str, name: str, tell: Tell) -> None:
        """The volume is as it was then; raises VolumeInUse while somebody has it open."""

    def clones(self, pool: str, volume: str, name: str) -> list[str]:
        """Volumes that share data with the snapshot, as POOL/VOLUME."""


class PoolChanges(Protocol):
    def create_pool(self, plan: PoolPlan) -> None:
        """Ready for volumes; what is there of it is completed."""

    def rename_pool(self, name: str, new: str) -> None:
        """Raises AlreadyExists; nothing where the other alone is there: it may have been done before."""

    def remove_pool(self, name: str) -> None:
        """With all that is in it; nothing if it is gone already."""

    def set_placement_groups(self, name: str, groups: int) -> None:
        """It takes a while until it has them."""

    def set_autoscale(self, name: str, mode: str) -> None:
        """`on`, `off` or `warn`."""


Change = tuple[int, int, bool]
"""Offset, how many bytes, and whether there is anything now."""


class Patch(Protocol):
    """A volume that is written here and there; what was done is safe once the context is left."""

    def write(self, offset: int, data: bytes) -> None: ...

    def clear(self, offset: int, length: int) -> None:
        """Zeros from now on."""


class Diffs(Protocol):
    def changed_bytes(self, pool: str, volume: str, since: str, until: str = "") -> int | None:
        """How much was written between two snapshots, or since one, counted in whole objects.

        None where the storage would have to look at everything for that.
        """

    def changes(self, pool: str, volume: str, since: str, until: str) -> list[Change]:
        """What was written or cut out between two snapshots, in order, in whole objects; not bounded."""

    def patching(self, pool: str, volume: str) -> AbstractContextManager[Patch]:
        """A volume to be written here and there; whoever does so is one of its watchers."""


class Blocks(
    Reads,
    Diffs,
    Gates,
    PoolChanges,
    OsdChanges,
    VolumeChanges,
    VolumeEdits,
    SnapshotChanges,
    Clients,
    Content,
    Patient,
    Protocol,
):
    """Pools of volumes, and snapshots of these; thread-safe."""

    def close(self) -> None:
        """Let go of what is open; does not wait for calls that hang."""
