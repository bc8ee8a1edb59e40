"""How much differs between two moments of a volume, by both homes of the storage port."""

from __future__ import annotations

import pytest
from block_homes import Home
from test_blocks import home

from pvc_core.errors import NotFound

__all__ = ["home"]
MIB = 1 << 20


def test_nothing_was_written(home: Home) -> None:
    home.add_volume("still", 16 * MIB)
    for name in ("one", "two"):
        home.add_snapshot("still", name)
    assert home.blocks.changed_bytes("vms", "still", "one") == 0
    assert home.blocks.changed_bytes("vms", "still", "one", "two") == 0


def test_a_moment_that_is_not_there(home: Home) -> None:
    home.add_volume("empty", MIB)
    home.add_snapshot("empty", "one")
    for since, until in (("none", ""), ("one", "none")):
        with pytest.raises(NotFound, match="vms/empty"):
            home.blocks.changed_bytes("vms", "empty", since, until)
    with pytest.raises(NotFound):
        home.blocks.changed_bytes("vms", "none", "one")


def covered(changes: list[tuple[int, int, bool]], offset: int, there: bool) -> bool:
    return any(at <= offset < at + length and exists is there for at, length, exists in changes)


def test_what_was_written_and_cut_out_is_told_and_can_be_done_elsewhere(home: Home) -> None:
    blocks, object_bytes = home.blocks, 4 * MIB
    for name in ("here", "there"):
        home.add_volume(name, 16 * MIB)
    with blocks.patching("vms", "here") as patch:
        patch.write(0, b"a" * object_bytes)
        patch.write(object_bytes, b"b" * 100)
    blocks.create_snapshot("vms", "here", "one")
    with blocks.patching("vms", "here") as patch:
        patch.clear(0, object_bytes)
        patch.write(2 * object_bytes + 5, b"c")
    blocks.create_snapshot("vms", "here", "two")
    changes = blocks.changes("vms", "here", "one", "two")
    assert covered(changes, 0, False) and covered(changes, 2 * object_bytes, True)
    assert not any(at <= object_bytes < at + length for at, length, _ in changes)
    written = blocks.changed_bytes("vms", "here", "one", "two")
    assert written is not None and 0 < written <= 2 * object_bytes
    with blocks.reading("vms", "here", "one") as source, blocks.patching("vms", "there") as patch:
        parts = source.extents()
        pieces = b"".join(source.read(parts))
        at = 0
        for offset, length in parts:
            patch.write(offset, pieces[at : at + length])
            at += length
    with blocks.reading("vms", "there") as copy:
        (first,) = copy.read([(object_bytes - 2, 104)])
    assert first == b"aa" + b"b" * 100 + b"\0\0"


def test_what_is_not_there_is_not_patched(home: Home) -> None:
    with pytest.raises(NotFound), home.blocks.patching("vms", "nowhere"):
        """Never gets here."""
    with pytest.raises(NotFound):
        home.blocks.changes("vms", "nowhere", "one", "two")
