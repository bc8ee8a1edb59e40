"""Exports of VMs: a snapshot as files, to be taken anywhere. docs/snapshots.md describes the format."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pvc_core.model.names import DIRECTORY_PATTERN, EXPORT_PATTERN, S3, PoolName, VmName, VmUuid, VolumeName
from pvc_core.model.record import Record
from pvc_core.model.vm_snapshot import Consistency, SavedMetadata

CHUNK_PATTERN = r"^[0-9]{1,3}/[0-9]{8}\.chunk$"
FILE_PATTERN = r"^(?:manifest\.json|domain\.xml|begun\.json|[0-9]{1,3}/[0-9]{8}\.(?:chunk|sha256))$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"

MANIFEST, DEFINITION, BEGUN = "manifest.json", "domain.xml", "begun.json"
CHUNK_BYTES = 16 << 20
"""The most a chunk holds."""

ExportDirectory = Annotated[str, StringConstraints(pattern=DIRECTORY_PATTERN)]
ExportPlace = Annotated[str, StringConstraints(pattern=EXPORT_PATTERN)]
Sha256 = Annotated[str, StringConstraints(pattern=SHA256_PATTERN)]
Count = Annotated[int, Field(ge=0, le=1 << 60)]
Stretch = tuple[Count, Count]
"""Of a disk: offset, and how many bytes."""


class Chunk(Record):
    """One file, which holds these stretches of a disk one after the other."""

    file: Annotated[str, StringConstraints(pattern=CHUNK_PATTERN)]
    bytes: Count
    sha256: Sha256
    stretches: tuple[Stretch, ...]


class ExportedDisk(Record):
    pool: PoolName
    volume: VolumeName
    size: Count
    chunks: tuple[Chunk, ...]
    zeros: tuple[Stretch, ...] = ()
    """What was cut out since the parent."""

    @property
    def path(self) -> str:
        return f"{self.pool}/{self.volume}"


class ExportParent(Record):
    """What an incremental export builds on: the one whose manifest has this checksum."""

    directory: ExportDirectory
    snapshot: str
    manifest_sha256: Sha256


class Begun(Record):
    """What an export was begun as; another one does not go on with it."""

    vm: VmUuid
    snapshot: str
    made_by: str
    """The task that made the snapshot: names come again, tasks do not."""
    parent: ExportParent | None = None


class Manifest(Begun):
    """Written last: with it an export is whole."""

    format: Literal[1] = 1
    pvc_version: str
    name: VmName
    created: float
    consistent: Consistency | None = None
    metadata: SavedMetadata
    definition_sha256: Sha256
    disks: tuple[ExportedDisk, ...] = Field(max_length=256)

    @property
    def data_bytes(self) -> int:
        return sum(chunk.bytes for disk in self.disks for chunk in disk.chunks)


def is_in_s3(place: str) -> bool:
    return place.startswith(S3)


def export_name(place: str) -> str:
    """By which it is known where it is kept."""
    return place.removeprefix(S3)
