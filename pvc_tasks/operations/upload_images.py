"""What the task of an upload does with the images in the storage; made in a thread of its own."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from pvc_core.decide.image_check import check_findings, check_head, check_info
from pvc_core.errors import PvcError, VolumeInUse
from pvc_core.model.image_format import HEAD_BYTES, ImageFormat, decide_format, detect_format
from pvc_core.model.operations import UploadVolume
from pvc_core.model.size import SECTOR, parse_size
from pvc_core.model.upload import Upload, staging_name
from pvc_drivers.blocks.content import Source
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.ports import Work

LET_GO_S = 12.0
"""How long whoever writes to an image may take to notice that it is not wanted any more."""
PAUSE_S = 0.5


class ChecksumMismatch(PvcError):
    code, status = "CHECKSUM_MISMATCH", 409
    default_remedy = "Check the file and the checksum, and upload it again; nothing was kept of it."


def whole_sectors(size: int) -> int:
    return -(-size // SECTOR) * SECTOR


def examine(blocks: Blocks, asked: UploadVolume, upload: Upload, work: Work) -> Mapping[str, Any]:
    """Is it what was sent, may it be taken in? Answers with its format, its checksum, the volume's size."""
    with blocks.reading(upload.pool, staging_name(upload.job)) as source:
        checksum = upload.sha256 or _hash(source, upload.length, work)
        head = b"".join(source.read([(0, min(HEAD_BYTES, upload.length))]))
    for known in filter(None, (asked.checksum, upload.said)):
        if known != checksum:
            raise ChecksumMismatch(f"what arrived has the SHA-256 {checksum}, not {known}")
    form = decide_format(head, asked.image_format)
    disk = upload.length if form == "raw" else _look_into(blocks, upload, head, form)
    size = max(whole_sectors(disk), parse_size(asked.size) if asked.size else 0)
    return {"format": form, "sha256": checksum, "size": size, "warnings": _warnings(head, form)}


def convert(
    blocks: Blocks, upload: Upload, form: ImageFormat, target: str, size: int, work: Work
) -> Mapping[str, Any]:
    """A target of an earlier attempt of this process is made anew."""
    blocks.remove_volume(upload.pool, target, lambda done, total: work.check())
    blocks.create_volume(upload.pool, target, size)
    blocks.convert(upload.pool, staging_name(upload.job), form, target, work.tell)
    return {}


def clear(blocks: Blocks, pool: str, images: Iterable[str], work: Work) -> Mapping[str, Any]:
    """Raises VolumeInUse for what somebody still has open after a while; the others are gone then."""
    kept: VolumeInUse | None = None
    for image in images:
        try:
            _remove(blocks, pool, image, work)
        except VolumeInUse as error:
            kept = error
    if kept is not None:
        raise kept
    return {}


def _remove(blocks: Blocks, pool: str, image: str, work: Work) -> None:
    until = time.monotonic() + LET_GO_S
    while time.monotonic() < until:
        with suppress(VolumeInUse):
            return blocks.remove_volume(pool, image, lambda done, total: work.check())
        work.check()
        time.sleep(PAUSE_S)
    blocks.remove_volume(pool, image, lambda done, total: work.check())


def _look_into(blocks: Blocks, upload: Upload, head: bytes, form: ImageFormat) -> int:
    """The header is judged before qemu-img opens the image."""
    check_head(head, form)
    image = staging_name(upload.job)
    size = check_info(blocks.inspect(upload.pool, image, form), form)
    check_findings(blocks.find_faults(upload.pool, image, form))
    return size


def _hash(source: Source, length: int, work: Work) -> str:
    hashed, done = hashlib.sha256(), 0
    for part in source.read([(0, length)]):
        hashed.update(part)
        done += len(part)
        work.tell(done, length)
    return hashed.hexdigest()


def _warnings(head: bytes, form: ImageFormat) -> list[str]:
    found = detect_format(head) if form == "raw" else None
    return [f"it begins like {found}, and was stored as it is, as raw"] if found else []
