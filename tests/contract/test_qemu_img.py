"""qemu-img as a program: how it ends is told apart, whoever ended it."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import which
from typing import Protocol

import pytest

from pvc_core.errors import StorageUnavailable
from pvc_core.model.image_format import InvalidImage
from pvc_drivers.blocks.qemu_img import QemuImg

QEMU_IMG = QemuImg(Path("/nowhere/ceph.conf"), "pvc", Path("/nowhere/keyring"))
MIB = 1 << 20


class Play(Protocol):
    def __call__(self, script: str) -> None: ...


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """A qemu-img that does as it is told."""
    program = tmp_path / "bin" / "qemu-img"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    def write(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def convert(told: list[int]) -> None:
    QEMU_IMG.convert("vms", "source", "qcow2", "target", MIB, lambda done, total: told.append(done))


def test_one_that_goes_well_tells_how_far_it_is(play: Play) -> None:
    play("printf '    (50.00/100%%)\\r'; sleep 0.1; printf '    (100.00/100%%)\\r'")
    told: list[int] = []
    convert(told)
    assert told[0] == MIB // 2 and told[-1] == MIB


@pytest.mark.parametrize(
    "script",
    [
        "echo 'qemu-img: error while writing at byte 0: Input/output error' >&2; exit 1",
        "echo 'qemu-img: error while reading at byte 0: Connection timed out' >&2; exit 1",
        "kill -KILL $$",
        "kill -TERM $$",
    ],
)
def test_what_the_storage_or_somebody_did_to_it_may_be_tried_again(play: Play, script: str) -> None:
    play(script)
    with pytest.raises(StorageUnavailable):
        convert([])
    with pytest.raises(StorageUnavailable):
        QEMU_IMG.inspect("vms", "source", "qcow2")


@pytest.mark.parametrize(
    "script",
    ["echo 'qemu-img: error while reading at byte 0: Input/output error' >&2; exit 1", "kill -ABRT $$"],
)
def test_a_bad_image_is_one_for_ever(play: Play, script: str) -> None:
    play(script)
    with pytest.raises(InvalidImage):
        convert([])
    with pytest.raises(InvalidImage):
        QEMU_IMG.find_faults("vms", "source", "qcow2")


def test_what_computes_for_too_long_is_a_bad_image(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_drivers.blocks.qemu_img.COMPUTE_S", 1)
    play("while :; do :; done")
    with pytest.raises(InvalidImage, match="SIGXCPU"):
        QEMU_IMG.find_faults("vms", "source", "qcow2")


def test_a_format_without_a_check_has_no_faults(play: Play) -> None:
    play("echo 'qemu-img: This image format does not support checks' >&2; exit 63")
    assert QEMU_IMG.find_faults("vms", "source", "vmdk") == {}


def test_where_it_is_not_installed_another_may_do_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("setpriv", "prlimit"):
        (tmp_path / name).symlink_to(str(which(name)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StorageUnavailable, match="cannot be run here"):
        QEMU_IMG.inspect("vms", "source", "qcow2")
