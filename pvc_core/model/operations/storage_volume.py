"""Operations on volumes."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pvc_core.model.operations.storage import OfVolume
from pvc_core.model.size import Size


class AddVolume(OfVolume):
    """Make an empty volume; it takes up room only as it is written."""

    name: ClassVar[str] = "storage.volume.add"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>"

    size: Size = Field(
        description="In bytes, or with K, M, G or T: 20G.", json_schema_extra={"cli": "argument"}
    )


class RemoveVolume(OfVolume):
    """Remove a volume that nobody uses, and all that is on it."""

    name: ClassVar[str] = "storage.volume.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>"
    needs_rest: ClassVar[bool] = True
    destructive: ClassVar[bool] = True
