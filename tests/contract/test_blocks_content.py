"""What is on volumes, written and read in order: what every home of block storage keeps."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from block_homes import FakeHome, Home, made
from test_blocks import CEPH, MIB

from pvc_core.errors import NotFound, PvcError, VolumeInUse
from pvc_core.model.image_format import InvalidImage
from pvc_drivers.blocks.port import Blocks

DATA = os.urandom(9 * MIB + 1000)


class Stopped(PvcError):
    """What `tell` raises to end a call."""


def silent(done: int, total: int) -> None:
    """Nobody wants to know."""


@pytest.fixture(scope="module", params=["fake", pytest.param("ceph", marks=CEPH)])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """One for all tests of this module, in their order, with an empty volume `web`."""
    with made(request.param, web=64 * MIB) as home:
        yield home


def content(home: Home, *parts: tuple[int, int]) -> bytes:
    with home.blocks.reading("vms", "web") as source:
        return b"".join(source.read(parts))


def test_what_is_written_is_read_and_seen_by_others_meanwhile(home: Home) -> None:
    with home.blocks.writing("vms", "web", 0) as sink:
        for at in range(0, 5 * MIB, MIB):
            sink.write(DATA[at : at + MIB])
        sink.finish()
        assert sink.kept == 5 * MIB
        assert home.blocks.volume("vms", "web").watchers
    assert not home.blocks.volume("vms", "web").watchers
    assert content(home, (0, 5 * MIB)) == DATA[: 5 * MIB]


def test_another_goes_on_at_any_offset(home: Home) -> None:
    with home.blocks.writing("vms", "web", 5 * MIB) as sink:
        sink.write(DATA[5 * MIB :])
        sink.finish()
    assert content(home, (0, len(DATA))) == DATA
    assert content(home, (MIB, 100), (5, 7)) == DATA[MIB : MIB + 100] + DATA[5:12]


def test_only_what_was_written_is_an_extent_and_the_rest_is_zeros(home: Home) -> None:
    with home.blocks.reading("vms", "web") as source:
        assert source.size == 64 * MIB
        extents = source.extents()
        assert extents and sum(length for _, length in extents) <= 12 * MIB
        assert b"".join(source.read([(63 * MIB, 2 * MIB)])) == bytes(2 * MIB)


def test_what_is_written_to_is_not_removed_and_is_let_go_with_writes_under_way(home: Home) -> None:
    """Who removes an image in Ceph 16.2 asks its writer for the lock; a close just then never ends."""
    for name in ("busy0", "busy1", "busy2"):
        home.add_volume(name, 512 * MIB)
        refused = threading.Event()
        removed = Future[None]()
        remover = threading.Thread(target=remove, args=(home.others, name, refused, removed), daemon=True)
        with home.blocks.writing("vms", name, 0) as sink:
            for count in range(100):
                sink.write(bytes(4 * MIB))
                if count == 16:
                    remover.start()
                if count > 50 and refused.is_set():
                    break
        assert removed.result(30) is None
        assert refused.is_set()


def remove(blocks: Blocks, name: str, refused: threading.Event, removed: Future[None]) -> None:
    while True:
        try:
            blocks.remove_volume("vms", name, silent)
        except VolumeInUse:
            refused.set()
        else:
            return removed.set_result(None)


def test_what_is_not_there_cannot_be_opened(home: Home) -> None:
    with pytest.raises(NotFound), home.blocks.reading("vms", "none"):
        pass
    with pytest.raises(NotFound), home.blocks.writing("vms", "none", 0):
        pass


def test_what_is_no_image_is_not_converted(home: Home) -> None:
    home.add_volume("short", 512)
    with pytest.raises(InvalidImage, match="cannot read"):
        home.blocks.inspect("vms", "short", "qcow2")


def test_an_image_is_converted_where_it_lies_and_stops_when_told(home: Home, tmp_path: Path) -> None:
    if isinstance(home, FakeHome):
        pytest.skip("qemu-img reads no storage in memory")
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    raw.write_bytes(DATA.ljust(16 * MIB, b"\0"))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image], check=True, timeout=60)
    size = -(-image.stat().st_size // 512) * 512
    for name, length in (("image", size), ("target", 16 * MIB)):
        home.add_volume(name, length)
    with home.blocks.writing("vms", "image", 0) as sink:
        sink.write(image.read_bytes())
        sink.finish()
    assert home.blocks.inspect("vms", "image", "qcow2")["virtual-size"] == 16 * MIB
    assert home.blocks.find_faults("vms", "image", "qcow2")["check-errors"] == 0

    def stop(done: int, total: int) -> None:
        raise Stopped("enough")

    with pytest.raises(Stopped):
        home.blocks.convert("vms", "image", "qcow2", "target", stop)
    home.blocks.convert("vms", "image", "qcow2", "target", silent)
    with home.blocks.reading("vms", "target") as source:
        assert b"".join(source.read([(0, 16 * MIB)])) == raw.read_bytes()
    with pytest.raises(InvalidImage, match="the image"):
        home.blocks.inspect("vms", "target", "qcow2")
