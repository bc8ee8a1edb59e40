"""Operations on snapshots of volumes."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pvc_core.model.names import SnapshotName
from pvc_core.model.operations.storage import OfVolume


class OfSnapshot(OfVolume):
    snapshot: SnapshotName = Field(description="The snapshot.")


class AddSnapshot(OfSnapshot):
    """Keep a volume as it is at this moment; also while it is in use, as after a power cut."""

    name: ClassVar[str] = "storage.snapshot.add"
    url: ClassVar[str | None] = "/storage/ceph/snapshot/<pool>/<volume>/<snapshot>"


class RenameSnapshot(OfSnapshot):
    """Give a snapshot another name."""

    name: ClassVar[str] = "storage.snapshot.rename"
    url: ClassVar[str | None] = "/storage/ceph/snapshot/<pool>/<volume>/<snapshot>/rename"

    new: SnapshotName = Field(description="Its new name.", json_schema_extra={"cli": "argument"})


class ProtectSnapshot(OfSnapshot):
    """See to it that a snapshot is not removed."""

    name: ClassVar[str] = "storage.snapshot.protect"
    url: ClassVar[str | None] = "/storage/ceph/snapshot/<pool>/<volume>/<snapshot>/protect"


class UnprotectSnapshot(OfSnapshot):
    """Let a snapshot be removed; refused while it has clones."""

    name: ClassVar[str] = "storage.snapshot.unprotect"
    url: ClassVar[str | None] = "/storage/ceph/snapshot/<pool>/<volume>/<snapshot>/unprotect"


class RollBackSnapshot(OfSnapshot):
    """Make a volume what it was, while nobody has it open. All written since is lost."""

    name: ClassVar[str] = "storage.snapshot.rollback"
    url: ClassVar[str | None] = "/storage/ceph/snapshot/<pool>/<volume>/<snapshot>/rollback"
    needs_rest: ClassVar[bool] = True
    destructive: ClassVar[bool] = True


class RemoveSnapshot(OfSnapshot):
    """Remove a snapshot; the volume stays as it is."""

    name: ClassVar[str] = "storage.snapshot.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/storage/ceph/snapshot/<pool>/<volume>/<snapshot>"
    destructive: ClassVar[bool] = True

    force: bool = Field(
        False, description="Also one that is part of a VM's snapshot, which is broken by that."
    )
