"""Operations on volumes that are there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from pvc_core.model.names import ANY_NAME_PATTERN, PoolName, SnapshotName, VolumeName
from pvc_core.model.operations.base import COPYING_DAYS
from pvc_core.model.operations.storage import OfVolume
from pvc_core.model.size import Size

AnyName = Annotated[str, StringConstraints(pattern=ANY_NAME_PATTERN)]


class ResizeVolume(OfVolume):
    """Make a volume larger, also while a guest runs with it; or, with `force`, smaller.

    A running guest sees the new size at once. Smaller is only what nobody uses; what is cut off is lost.
    """

    name: ClassVar[str] = "storage.volume.resize"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>/resize"
    needs_rest: ClassVar[bool] = True
    destructive_with: ClassVar[Mapping[str, Collection[Any]]] = {"force": (True,)}

    size: Size = Field(
        description="In bytes, or with K, M, G or T: 20G.", json_schema_extra={"cli": "argument"}
    )
    force: bool = Field(
        False,
        description="Also to less than it has: what is beyond is lost.",
        json_schema_extra={"aliases": ["-f"]},
    )


class RenameVolume(OfVolume):
    """Give a volume that nobody uses another name."""

    name: ClassVar[str] = "storage.volume.rename"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>/rename"
    needs_rest: ClassVar[bool] = True

    new: VolumeName = Field(description="Its new name.", json_schema_extra={"cli": "argument"})


class CloneVolume(OfVolume):
    """Make a volume that begins as a copy of another, at once: what is equal they share.

    It is made of a snapshot; without one named, of one made for it, which goes when the clone no longer
    needs it.
    """

    name: ClassVar[str] = "storage.volume.clone"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>/clone"

    volume: VolumeName = Field(description="The volume to be cloned.")
    new: VolumeName = Field(description="The name of the clone.", json_schema_extra={"cli": "argument"})
    snapshot: SnapshotName | None = Field(None, description="Of this snapshot; it becomes protected.")
    to_pool: PoolName | None = Field(None, description="Into this pool, if it is another one.")
    flatten: bool = Field(
        False, description="Then copy what it shares, so that it depends on nothing; this takes its time."
    )


class FlattenVolume(OfVolume):
    """Copy what a clone shares with a snapshot, so that it depends on nothing; also while it is in use."""

    name: ClassVar[str] = "storage.volume.flatten"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>/flatten"
    least_days: ClassVar[float] = COPYING_DAYS


class AdoptVolume(OfVolume):
    """Give a volume made outside of PVC a name that PVC can work with, and its snapshots as well.

    Only for names with other characters than letters, digits and . _ - or of more than 63: everything else
    in a pool is managed as it is.
    """

    name: ClassVar[str] = "storage.volume.adopt"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>/adopt"
    needs_rest: ClassVar[bool] = True

    volume: VolumeName = Field(
        description="The name it gets; or the one it has, if its snapshots alone need names."
    )
    image: AnyName = Field(
        description="What it is called now, as `volume list` shows it.", json_schema_extra={"cli": "argument"}
    )
