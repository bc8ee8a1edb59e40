"""Exports of VMs: how a disk is cut into files, and whether a manifest can be believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from pvc_core.errors import Conflict
from pvc_core.model.export import CHUNK_BYTES, Chunk, ExportedDisk, Manifest

Stretches = list[tuple[int, int]]


class ExportDamaged(Conflict):
    code = "EXPORT_DAMAGED"
    default_remedy = "Export it anew, or copy the whole directory again; nothing was changed here."


def plan_chunks(extents: Iterable[tuple[int, int]], size: int, most: int = CHUNK_BYTES) -> list[Stretches]:
    """The same for the same snapshot, whoever asks: what is done of it can be told by the files."""
    chunks: list[Stretches] = []
    room = 0
    for offset, length in extents:
        end = min(offset + length, size)
        while offset < end:
            if not room:
                chunks.append([])
                room = most
            part = min(room, end - offset)
            chunks[-1].append((offset, part))
            offset, room = offset + part, room - part
    return chunks


def parse_manifest(data: bytes, export: str) -> Manifest:
    """Raises ExportDamaged for what no export can have written."""
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ExportDamaged(f"the manifest of {export} cannot be read: {where}: {first['msg']}") from None
    for disk in manifest.disks:
        _check_disk(disk, export)
    if len({disk.path for disk in manifest.disks}) < len(manifest.disks):
        raise ExportDamaged(f"the manifest of {export} has a disk twice")
    return manifest


def check_chunk(export: str, chunk: Chunk, size: int, sha256: str) -> None:
    """What was read, against what was promised."""
    if (size, sha256) != (chunk.bytes, chunk.sha256):
        raise ExportDamaged(f"{export}/{chunk.file} is not what was exported: its checksum differs")


def disk_of(manifest: Manifest, path: str) -> ExportedDisk | None:
    return next((disk for disk in manifest.disks if disk.path == path), None)


def parts_of(chain: Iterable[tuple[str, Manifest]], disk: ExportedDisk) -> list[tuple[str, ExportedDisk]]:
    """What the disk of the last export is made of, in order, each with its directory.

    An export that comes after one without the disk has all of it.
    """
    parts: list[tuple[str, ExportedDisk]] = []
    for directory, manifest in chain:
        part = disk_of(manifest, disk.path)
        parts = [] if part is None else [*parts, (directory, _cut(part, parts, disk.size))]
    return parts


def _cut(part: ExportedDisk, before: Sequence[tuple[str, ExportedDisk]], size: int) -> ExportedDisk:
    """What it lost when it shrank is zeros from there on, should it have grown again since."""
    end = min(before[-1][1].size, size) if before else 0
    lost = plan_chunks([(part.size, end - part.size)], end)
    return part.but(zeros=(*part.zeros, *(stretch for piece in lost for stretch in piece)))


def _check_disk(disk: ExportedDisk, export: str) -> None:
    for chunk in disk.chunks:
        held = sum(length for _, length in chunk.stretches)
        if held != chunk.bytes or chunk.bytes > CHUNK_BYTES or not _within(chunk.stretches, disk.size):
            raise ExportDamaged(f"the manifest of {export} contradicts itself about {chunk.file}")
    if not _within(disk.zeros, disk.size):
        raise ExportDamaged(f"the manifest of {export} has zeros beyond the end of {disk.path}")


def _within(stretches: Sequence[tuple[int, int]], size: int) -> bool:
    return all(offset + length <= size for offset, length in stretches)
