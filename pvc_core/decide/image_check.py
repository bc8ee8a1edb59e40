"""What of a stranger's disk image is dangerous: seen in its first bytes before any program opens it, and in
what qemu-img says of it.

An image may name other files: a backing file, a data file, extents. Opened on a hypervisor these would be the
hypervisor's own files, and their content would end up on the volume.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pvc_core.model.image_format import ImageFormat, InvalidImage
from pvc_core.model.size import MOST

NO_PARENT = 0xFFFFFFFF
WHOLE_VMDK = ("monolithicSparse", "streamOptimized")
DATA_FILE_BIT = 1 << 2
DATA_FILE_NAME = 0x44415441
REMEDY = "Make it one self-contained file: qemu-img convert -O qcow2 FILE NEW."


def check_head(head: bytes, form: ImageFormat) -> None:
    """Raises InvalidImage for an image that refers to anything outside of itself."""
    if form == "qcow2":
        _check_qcow2(head)
    if form == "vmdk":
        _check_vmdk(head)


def check_info(info: Mapping[str, Any], form: ImageFormat) -> int:
    """Of `qemu-img info --output=json`: the size of the disk; raises InvalidImage."""
    details = (info.get("format-specific") or {}).get("data") or {}
    if info.get("format") != form:
        raise InvalidImage(f"qemu-img takes the file for {info.get('format')}, not {form}")
    if "backing-filename" in info or "full-backing-filename" in info:
        raise _refers("a backing file")
    if "data-file" in details:
        raise _refers("a data file")
    if info.get("encrypted") or details.get("encrypt"):
        raise InvalidImage("the image is encrypted", "Decrypt it first: qemu-img convert.")
    if details.get("corrupt"):
        raise InvalidImage("the image is marked as corrupt")
    if form == "vmdk" and (
        details.get("create-type") not in WHOLE_VMDK or details.get("parent-cid") != NO_PARENT
    ):
        raise _refers("other files")
    return _checked_size(info.get("virtual-size"))


def check_findings(found: Mapping[str, Any]) -> None:
    """Of `qemu-img check --output=json`; clusters that are only lost do no harm."""
    faults = int(found.get("corruptions", 0)) + int(found.get("check-errors", 0))
    if faults:
        raise InvalidImage(f"the image is corrupt: qemu-img found {faults} faults in it")


def _checked_size(size: object) -> int:
    if not isinstance(size, int) or not 0 < size <= MOST:
        raise InvalidImage(f"the image claims to be a disk of {size} bytes")
    return size


def _check_qcow2(head: bytes) -> None:
    version, backing = _number(head, 4, 4), _number(head, 8, 8)
    if version not in (2, 3) or len(head) < 104:
        raise InvalidImage("the header of the qcow2 image is damaged")
    if backing:
        raise _refers("a backing file")
    if version == 3 and _number(head, 72, 8) & DATA_FILE_BIT:
        raise _refers("a data file")
    if _number(head, 32, 4):
        raise InvalidImage("the image is encrypted", "Decrypt it first: qemu-img convert.")
    _checked_size(_number(head, 24, 8))
    _check_extensions(head, 72 if version == 2 else max(104, _number(head, 100, 4)))


def _check_extensions(head: bytes, at: int) -> None:
    """The name of a data file may be there without the bit that makes it count."""
    while at + 8 <= len(head) and (kind := _number(head, at, 4)):
        if kind == DATA_FILE_NAME:
            raise _refers("a data file")
        at += 8 + (_number(head, at + 4, 4) + 7) // 8 * 8


def _check_vmdk(head: bytes) -> None:
    """Without a capacity of its own, its descriptor names the files that hold its data."""
    if head[:4] != b"KDMV" or len(head) < 512 or not int.from_bytes(head[12:20], "little"):
        raise _refers("other files")


def _number(head: bytes, at: int, size: int) -> int:
    return int.from_bytes(head[at : at + size], "big")


def _refers(what: str) -> InvalidImage:
    return InvalidImage(f"the image refers to {what}, which is never followed", REMEDY)
