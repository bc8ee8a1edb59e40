"""Snapshots: what every home of block storage keeps, the fake and Ceph, one set of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from block_homes import Home, made
from test_blocks import CEPH, MIB

from pvc_core.errors import AlreadyExists, NotFound, VolumeInUse


def silent(done: int, total: int) -> None:
    """Nobody wants to know."""


@pytest.fixture(scope="module", params=["fake", pytest.param("ceph", marks=CEPH)])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """One for all tests of this module, in their order, with a volume `web`."""
    with made(request.param, web=8 * MIB) as home:
        yield home


def names(home: Home) -> list[str]:
    return [one.name for one in home.blocks.snapshots("vms", "web")]


def test_snapshots_are_made_once_and_renamed(home: Home) -> None:
    for name in ("first", "second"):
        home.blocks.create_snapshot("vms", "web", name)
    with pytest.raises(AlreadyExists, match="vms/web@first"):
        home.blocks.create_snapshot("vms", "web", "first")
    with pytest.raises(AlreadyExists, match="vms/web@second"):
        home.blocks.rename_snapshot("vms", "web", "first", "second")
    home.blocks.rename_snapshot("vms", "web", "first", "third")
    assert names(home) == ["third", "second"]


def test_what_is_protected_is_not_removed(home: Home) -> None:
    for _ in range(2):
        home.blocks.protect_snapshot("vms", "web", "third")
    with pytest.raises(VolumeInUse, match="protected"):
        home.blocks.remove_snapshot("vms", "web", "third")
    for _ in range(2):
        home.blocks.unprotect_snapshot("vms", "web", "third")
    for _ in range(2):
        home.blocks.remove_snapshot("vms", "web", "third")
    assert names(home) == ["second"]


def test_what_has_clones_stays_protected(home: Home) -> None:
    assert home.blocks.clones("vms", "web", "second") == []
    home.clone("web", "second", "copy")
    assert home.blocks.clones("vms", "web", "second") == ["vms/copy"]
    with pytest.raises(VolumeInUse, match="clones"):
        home.blocks.unprotect_snapshot("vms", "web", "second")
    home.blocks.rename_snapshot("vms", "web", "second", "base")
    assert home.blocks.volume("vms", "copy").parent == "vms/web@base"


def test_a_snapshot_of_a_volume_in_use(home: Home) -> None:
    home.open_volume("web")
    try:
        home.blocks.create_snapshot("vms", "web", "live")
        home.blocks.remove_snapshot("vms", "web", "live")
    finally:
        home.close_volume()
    assert names(home) == ["base"]


def test_back_to_a_snapshot_only_when_nobody_has_it_open(home: Home) -> None:
    home.open_volume("web")
    try:
        with pytest.raises(VolumeInUse, match="open by"):
            home.blocks.rollback_snapshot("vms", "web", "base", silent)
    finally:
        home.close_volume()
    home.blocks.rollback_snapshot("vms", "web", "base", silent)
    assert home.blocks.volume("vms", "web").watchers == ()


def test_what_is_not_there_is_named(home: Home) -> None:
    blocks = home.blocks
    asks: tuple[Callable[[str, str], object], ...] = (
        lambda volume, name: blocks.rename_snapshot("vms", volume, name, "new"),
        lambda volume, name: blocks.protect_snapshot("vms", volume, name),
        lambda volume, name: blocks.unprotect_snapshot("vms", volume, name),
        lambda volume, name: blocks.rollback_snapshot("vms", volume, name, silent),
        lambda volume, name: blocks.clones("vms", volume, name),
    )
    for ask in asks:
        with pytest.raises(NotFound, match="snapshot vms/web@none"):
            ask("web", "none")
        with pytest.raises(NotFound, match="volume vms/none"):
            ask("none", "base")
    for ask_volume in (blocks.create_snapshot, blocks.remove_snapshot):
        with pytest.raises(NotFound, match="volume vms/none"):
            ask_volume("vms", "none", "base")
