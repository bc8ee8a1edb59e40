"""Volumes resized, renamed and cloned: what every home of block storage keeps, one set of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from block_homes import Home, made
from test_blocks import CEPH, MIB

from pvc_core.errors import AlreadyExists, NotFound, PvcError, StorageRefused, VolumeInUse


class Stopped(PvcError):
    """What `tell` raises to end a call."""


def silent(done: int, total: int) -> None:
    """Nobody wants to know."""


def stop(done: int, total: int) -> None:
    raise Stopped("enough")


@pytest.fixture(scope="module", params=["fake", pytest.param("ceph", marks=CEPH)])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """One for all tests of this module, in their order, with a volume `web`."""
    with made(request.param, web=64 * MIB) as home:
        yield home


def size(home: Home) -> int:
    return home.blocks.volume("vms", "web").size


def test_what_is_promised_is_the_sum_of_all_sizes(home: Home) -> None:
    before = home.blocks.promised("vms")
    home.add_volume("other", 32 * MIB)
    assert home.blocks.promised("vms", age_s=60) in (before, before + 32 * MIB)
    assert home.blocks.promised("vms") == before + 32 * MIB


def test_a_volume_in_use_grows_and_does_not_shrink(home: Home) -> None:
    home.open_volume("web")
    try:
        home.blocks.resize_volume("vms", "web", 128 * MIB, silent)
        with pytest.raises(VolumeInUse, match="open by 1 client"):
            home.blocks.resize_volume("vms", "web", 64 * MIB, silent)
    finally:
        home.close_volume()
    assert size(home) == 128 * MIB
    home.blocks.resize_volume("vms", "web", 128 * MIB, stop)


def test_shrinking_is_told_and_can_be_ended(home: Home) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(Stopped):
        home.blocks.resize_volume("vms", "web", 32 * MIB, stop)
    assert size(home) == 128 * MIB
    home.blocks.resize_volume("vms", "web", 64 * MIB, lambda done, total: told.append((done, total)))
    assert size(home) == 64 * MIB and told[0][0] == 0


def test_a_clone_shares_until_it_is_flattened(home: Home) -> None:
    blocks = home.blocks
    blocks.create_snapshot("vms", "web", "base")
    with pytest.raises(StorageRefused):
        blocks.clone_volume("vms", "web", "base", "vms", "copy")
    blocks.protect_snapshot("vms", "web", "base")
    blocks.clone_volume("vms", "web", "base", "vms", "copy")
    with pytest.raises(AlreadyExists, match="vms/copy"):
        blocks.clone_volume("vms", "web", "base", "vms", "copy")
    assert (blocks.volume("vms", "copy").parent, blocks.volume("vms", "copy").size) == (
        "vms/web@base",
        64 * MIB,
    )
    blocks.create_snapshot("vms", "copy", "own")
    before = blocks.volume("vms", "copy")
    with pytest.raises(Stopped):
        blocks.flatten_volume("vms", "copy", stop)
    assert blocks.volume("vms", "copy") == before
    told: list[tuple[int, int]] = []
    for _ in range(2):
        blocks.flatten_volume("vms", "copy", lambda done, total: told.append((done, total)))
    assert blocks.volume("vms", "copy") == before.but(parent="") and told
    blocks.remove_snapshot("vms", "copy", "own")
    blocks.unprotect_snapshot("vms", "web", "base")


def test_a_volume_is_renamed_with_its_snapshots_when_nobody_has_it_open(home: Home) -> None:
    blocks = home.blocks
    with pytest.raises(AlreadyExists, match="vms/other"):
        blocks.rename_volume("vms", "web", "other")
    home.open_volume("web")
    try:
        with pytest.raises(VolumeInUse, match="open by"):
            blocks.rename_volume("vms", "web", "www")
    finally:
        home.close_volume()
    known = blocks.volume("vms", "web").id
    blocks.rename_volume("vms", "web", "www")
    assert blocks.volume("vms", "www").id == known
    assert [one.name for one in blocks.snapshots("vms", "www")] == ["base"]


@pytest.mark.parametrize("name", ["my disk", "a/b", "a@b", "Scheibe Ä"])
def test_names_that_are_not_ours_are_seen_and_renamed(home: Home, name: str) -> None:
    home.add_volume(name, MIB)
    assert name in [one.name for one in home.blocks.volumes("vms")]
    home.blocks.rename_volume("vms", name, "ours")
    home.blocks.remove_volume("vms", "ours", silent)


def test_what_is_not_there_is_named(home: Home) -> None:
    blocks = home.blocks
    asks: tuple[Callable[[str, str], object], ...] = (
        lambda pool, volume: blocks.resize_volume(pool, volume, MIB, silent),
        lambda pool, volume: blocks.rename_volume(pool, volume, "new"),
        lambda pool, volume: blocks.flatten_volume(pool, volume, silent),
    )
    for ask in asks:
        with pytest.raises(NotFound, match="volume vms/none"):
            ask("vms", "none")
        with pytest.raises(NotFound, match="pool nowhere"):
            ask("nowhere", "www")
    with pytest.raises(NotFound, match="snapshot vms/www@none"):
        blocks.clone_volume("vms", "www", "none", "vms", "new")
    with pytest.raises(NotFound, match="pool nowhere"):
        blocks.promised("nowhere")
