"""Strangers' images: what refers to anything outside of itself is refused, whoever sees it first."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from pvc_core.decide.image_check import check_findings, check_head, check_info
from pvc_core.model.image_format import InvalidImage, decide_format, detect_format

GIB = 1 << 30


def qcow2(
    version: int = 3, backing: int = 0, crypt: int = 0, size: int = GIB, features: int = 0, extension: int = 0
) -> bytes:
    head = struct.pack(">4sIQIIQI", b"QFI\xfb", version, backing, 0, 16, size, crypt).ljust(72, b"\0")
    head += struct.pack(">Q", features).ljust(28, b"\0") + struct.pack(">I", 104)
    return (head + struct.pack(">II8s", extension, 8, b"/etc/xyz")).ljust(4096, b"\0")


def vmdk(capacity: int = 2048) -> bytes:
    return (b"KDMV" + struct.pack("<IIQ", 1, 3, capacity)).ljust(4096, b"\0")


def info(form: str = "qcow2", **more: Any) -> dict[str, Any]:
    return {"format": form, "virtual-size": GIB, **more}


def details(**data: Any) -> dict[str, Any]:
    return {"format-specific": {"data": data}}


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (qcow2(), "qcow2"),
        (vmdk(), "vmdk"),
        (b"# Disk DescriptorFile\n", "vmdk"),
        (b"<<< QEMU VM".ljust(64, b"\0") + b"\x7f\x10\xda\xbe", "vdi"),
        (b"\0" * 512, None),
        (b"", None),
    ],
)
def test_a_format_is_known_by_its_mark(head: bytes, form: str | None) -> None:
    assert detect_format(head) == form


def test_raw_has_to_be_said_and_is_believed_whatever_its_guest_wrote() -> None:
    with pytest.raises(InvalidImage, match="no mark") as refused:
        decide_format(b"\0" * 512, None)
    assert "--image-format raw" in refused.value.remedy
    assert decide_format(qcow2(), "raw") == decide_format(b"", "raw") == "raw"
    assert decide_format(qcow2(), None) == decide_format(qcow2(), "qcow2") == "qcow2"


@pytest.mark.parametrize("head", [b"\0" * 512, vmdk()])
def test_what_is_said_must_be_so(head: bytes) -> None:
    with pytest.raises(InvalidImage, match="is not qcow2"):
        decide_format(head, "qcow2")


def test_sound_heads_pass() -> None:
    check_head(qcow2(), "qcow2")
    check_head(vmdk(), "vmdk")
    check_head(b"anything", "raw")


@pytest.mark.parametrize(
    ("head", "form", "why"),
    [
        (qcow2(backing=104), "qcow2", "a backing file"),
        (qcow2(version=2, backing=104), "qcow2", "a backing file"),
        (qcow2(features=4), "qcow2", "a data file"),
        (qcow2(extension=0x44415441), "qcow2", "a data file"),
        (qcow2(crypt=2), "qcow2", "encrypted"),
        (qcow2(size=0), "qcow2", "0 bytes"),
        (qcow2(size=1 << 62), "qcow2", "bytes"),
        (qcow2(version=9), "qcow2", "damaged"),
        (qcow2()[:50], "qcow2", "damaged"),
        (vmdk(capacity=0), "vmdk", "other files"),
        (b"# Disk DescriptorFile\n" * 40, "vmdk", "other files"),
        (b"COWD" * 200, "vmdk", "other files"),
    ],
)
def test_dangerous_heads_are_refused(head: bytes, form: Any, why: str) -> None:
    with pytest.raises(InvalidImage, match=why):
        check_head(head, form)


def test_what_qemu_img_says_of_a_sound_image() -> None:
    assert check_info(info(), "qcow2") == GIB
    whole = details(**{"create-type": "streamOptimized", "parent-cid": 0xFFFFFFFF})
    assert check_info(info("vmdk", **whole), "vmdk") == GIB
    assert check_info(info("vdi"), "vdi") == GIB


@pytest.mark.parametrize(
    ("said", "form", "why"),
    [
        (info("raw"), "qcow2", "takes the file for raw"),
        (info(**{"backing-filename": "x"}), "qcow2", "a backing file"),
        (info(**{"full-backing-filename": "x"}), "qcow2", "a backing file"),
        (info(**details(**{"data-file": "x"})), "qcow2", "a data file"),
        (info(encrypted=True), "qcow2", "encrypted"),
        (info(**details(corrupt=True)), "qcow2", "corrupt"),
        (info("vmdk", **details(**{"create-type": "twoGbMaxExtentFlat"})), "vmdk", "other files"),
        (
            info("vmdk", **details(**{"create-type": "monolithicSparse", "parent-cid": 7})),
            "vmdk",
            "other files",
        ),
        ({"format": "vdi"}, "vdi", "None bytes"),
    ],
)
def test_what_qemu_img_says_of_a_dangerous_one(said: dict[str, Any], form: Any, why: str) -> None:
    with pytest.raises(InvalidImage, match=why):
        check_info(said, form)


def test_findings() -> None:
    check_findings({})
    check_findings({"leaks": 7, "check-errors": 0})
    with pytest.raises(InvalidImage, match="3 faults"):
        check_findings({"corruptions": 2, "check-errors": 1})
