"""Formats of disk images, and what tells one from another."""

from __future__ import annotations

from typing import Literal

from pvc_core.errors import InvalidRequest

ImageFormat = Literal["raw", "qcow2", "vmdk", "vdi"]
DownloadFormat = Literal["raw", "qcow2"]

HEAD_BYTES = 65536
"""As much of a file's beginning as tells its format, and what it refers to."""

SHA256_PATTERN = r"^[0-9a-f]{64}$"

VDI_AT = 64
MARKS: tuple[tuple[ImageFormat, int, bytes], ...] = (
    ("qcow2", 0, b"QFI\xfb"),
    ("vmdk", 0, b"KDMV"),
    ("vmdk", 0, b"COWD"),
    ("vmdk", 0, b"# Disk DescriptorFile"),
    ("vdi", VDI_AT, b"\x7f\x10\xda\xbe"),
)


class InvalidImage(InvalidRequest):
    """The file is no disk image that may be taken in."""

    code = "INVALID_IMAGE"
    default_remedy = "Check the file (`qemu-img check FILE`); nothing was kept of it."


def detect_format(head: bytes) -> ImageFormat | None:
    """By its mark; raw has none: any file may be that."""
    return next((name for name, at, mark in MARKS if head[at : at + len(mark)] == mark), None)


def decide_format(head: bytes, given: ImageFormat | None) -> ImageFormat:
    """What a file is to be read as; raises InvalidImage.

    Raw is believed only when it is said: a file without a mark may as well be an archive, or a broken image,
    and the guest that wrote a raw disk may have given it the mark of another format.
    """
    found = detect_format(head)
    if given is None and found is None:
        raise InvalidImage(
            "nothing tells which format the file has: it has no mark of qcow2, vmdk or vdi",
            "If it is a raw disk image, say so: --image-format raw. Any file could be one.",
        )
    if given not in (None, "raw", found):
        mark = "no mark" if found is None else f"the mark of {found}"
        raise InvalidImage(f"the file is not {given}: it has {mark}")
    return given or found or "raw"
