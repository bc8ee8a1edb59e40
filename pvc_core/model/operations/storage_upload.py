"""Operations that take a file in as a volume."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from pvc_core.model.image_format import SHA256_PATTERN, ImageFormat
from pvc_core.model.names import JobId, VolumeName
from pvc_core.model.operations.base import COPYING_DAYS
from pvc_core.model.operations.storage import OfStorage, OfVolume
from pvc_core.model.size import MOST, Size

Sha256 = Annotated[str, StringConstraints(pattern=SHA256_PATTERN)]


class UploadVolume(OfVolume):
    """Make a volume of a disk image: raw, qcow2, vmdk or vdi.

    The task is there before the first byte. Once its stage is `receiving`, the file's bytes are sent with
    `PUT /storage/ceph/upload/TASK?offset=N`, by one connection or, where one breaks off, by several; then
    `POST /storage/ceph/upload/TASK` says that this was all, and its checksum. The volume appears at the end,
    whole; a task that fails or is cancelled leaves nothing behind.
    """

    name: ClassVar[str] = "storage.volume.upload"
    url: ClassVar[str | None] = "/storage/ceph/volume/<pool>/<volume>/upload"
    least_days: ClassVar[float] = COPYING_DAYS

    volume: VolumeName = Field(description="The volume to be made.")
    length: int = Field(
        ge=1, le=MOST, description="How long the file is, in bytes.", json_schema_extra={"cli": "upload"}
    )
    image_format: ImageFormat | None = Field(
        None,
        description="What the file is; raw has to be said, the others are detected.",
        json_schema_extra={"aliases": ["-f"]},
    )
    size: Size | None = Field(None, description="Make the volume at least so large: 20G.")
    checksum: Sha256 | None = Field(None, description="What the file's SHA-256 must be, in hexadecimal.")


class ClearUpload(OfStorage):
    """Remove what an upload has left behind whose task was ended by force."""

    name: ClassVar[str] = "storage.upload.clear"
    url: ClassVar[str | None] = None

    upload: JobId = Field(description="The upload's task.")
