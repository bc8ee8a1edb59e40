"""What every home of block storage keeps: the fake and Ceph, one set of tests."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

import pytest
from block_homes import NODES, Home, made

from pvc_core.errors import NotFound, StorageUnavailable
from pvc_core.model.names import UUID_PATTERN
from pvc_core.model.storage import Hidden
from pvc_lab.packages import missing_packages

MIB = 1 << 20
# The time limit of the homes, what the library may need beyond it, and the patience of a busy machine.
IN_TIME_S = 10
CEPH = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a lab with Ceph needs root"),
    pytest.mark.skipif(bool(missing_packages(ceph=True)), reason="a lab with Ceph needs its packages"),
]


@pytest.fixture(scope="module", params=["fake", pytest.param("ceph", marks=CEPH)])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """One for all tests of this module, in their order: they build on each other's volumes."""
    with made(request.param) as home:
        yield home


def test_an_empty_pool(home: Home) -> None:
    assert home.blocks.volumes("vms") == []
    pool = next(pool for pool in home.blocks.pools() if pool.name == "vms")
    assert pool.uses == ("rbd",) and pool.placement_groups > 0 and pool.copies >= pool.mincopies >= 1


def test_the_cluster_is_healthy(home: Home) -> None:
    status = home.blocks.status()
    assert (status.health, status.checks, status.manager) == ("ok", (), True)
    assert status.quorum == NODES
    assert status.osds == status.osds_up == status.osds_in > 0
    assert status.placement_groups and all(
        state.startswith("active+clean") for state in status.placement_groups
    )
    assert 0 <= status.used < status.total


def test_osds_name_their_nodes(home: Home) -> None:
    osds = home.blocks.osds()
    assert [osd.id for osd in osds] == list(range(len(osds)))
    assert (osds[0].node, osds[0].up, osds[0].within) == ("hv1", True, True)
    assert osds[0].total >= 1 << 30 and osds[0].weight > 0


def test_osds_are_told_by_what_is_on_their_disks(home: Home) -> None:
    marks = home.blocks.osd_marks()
    assert [mark.osd for mark in marks] == [osd.id for osd in home.blocks.osds()]
    assert len({mark.uuid for mark in marks}) == len(marks) and len({mark.cluster for mark in marks}) == 1
    assert all(re.fullmatch(UUID_PATTERN, text) for mark in marks for text in (mark.uuid, mark.cluster))


def test_util_adds_up(home: Home) -> None:
    util = home.blocks.util()
    assert util.total == util.used + util.available
    assert "vms" in [pool.name for pool in util.pools]
    assert all(pool.available > 0 for pool in util.pools)


def test_a_pool_may_have_a_quota(home: Home) -> None:
    for size in (7 * MIB, 0):
        home.set_quota(size)
        (use,) = (pool for pool in home.blocks.util().pools if pool.name == "vms")
        assert use.quota == size


def test_volumes_are_listed_by_name(home: Home) -> None:
    home.add_volume("web", 8 * MIB)
    home.add_volume("db", 12 * MIB)
    listed = [(volume.name, volume.size, volume.parent) for volume in home.blocks.volumes("vms")]
    assert listed == [("db", 12 * MIB, ""), ("web", 8 * MIB, "")]


def test_what_is_in_the_trash_is_no_volume_and_is_told(home: Home) -> None:
    assert home.blocks.hidden("vms") == Hidden()
    home.add_volume("unwanted", MIB)
    home.put_in_trash("unwanted")
    assert "unwanted" not in [volume.name for volume in home.blocks.volumes("vms")]
    assert home.blocks.hidden("vms") == Hidden(trash=("unwanted",))
    with pytest.raises(NotFound):
        home.blocks.hidden("none")


def test_a_volume_that_nobody_has_open(home: Home) -> None:
    found = home.blocks.volume("vms", "db")
    assert (found.pool, found.name, found.size, found.parent) == ("vms", "db", 12 * MIB, "")
    assert (found.watchers, found.lockers, found.snapshots) == ((), (), ())
    assert found.id and found.created > 0 and "layering" in found.features


def test_looking_leaves_no_watcher(home: Home) -> None:
    home.blocks.volume("vms", "db")
    assert home.blocks.volume("vms", "db").watchers == ()


def test_a_watcher_is_seen_while_it_is_there(home: Home) -> None:
    home.open_volume("db")
    (watcher,) = home.blocks.volume("vms", "db").watchers
    assert watcher.address.startswith("10.") and watcher.client
    home.close_volume()
    assert home.blocks.volume("vms", "db").watchers == ()


def test_snapshots_and_clones(home: Home) -> None:
    home.add_snapshot("web", "first")
    home.add_snapshot("web", "a-later-one")
    home.clone("web", "first", "copy")
    snapshots = home.blocks.snapshots("vms", "web")
    assert [(one.name, one.size, one.protected) for one in snapshots] == [
        ("first", 8 * MIB, True),
        ("a-later-one", 8 * MIB, False),
    ]
    assert all(one.created > 0 for one in snapshots)
    assert home.blocks.volume("vms", "web").snapshots == ("first", "a-later-one")
    assert home.blocks.volume("vms", "copy").parent == "vms/web@first"
    assert [one.parent for one in home.blocks.volumes("vms")] == ["vms/web@first", "", ""]


def test_what_is_not_there_is_named(home: Home) -> None:
    for ask in (
        lambda: home.blocks.volumes("nowhere"),
        lambda: home.blocks.volume("nowhere", "db"),
        lambda: home.blocks.snapshots("nowhere", "db"),
    ):
        with pytest.raises(NotFound, match="pool nowhere"):
            ask()
    for ask_volume in (home.blocks.volume, home.blocks.snapshots):
        with pytest.raises(NotFound, match="volume vms/none"):
            ask_volume("vms", "none")


def test_osds_that_hang_fail_in_time_and_are_found_again(home: Home) -> None:
    home.hang()
    try:
        for ask in (
            lambda: home.blocks.volumes("vms"),
            lambda: home.blocks.volume("vms", "db"),
            lambda: home.blocks.snapshots("vms", "web"),
        ):
            began = time.monotonic()
            with pytest.raises(StorageUnavailable):
                ask()
            assert time.monotonic() - began < IN_TIME_S
        assert home.blocks.status().quorum == NODES
        assert len(home.blocks.pools()) > 0
    finally:
        home.go_on()
    assert [one.name for one in home.blocks.volumes("vms")] == ["copy", "db", "web"]


def test_monitors_that_hang_fail_in_time_and_are_found_again(home: Home) -> None:
    home.fall_silent()
    try:
        for ask in (home.blocks.status, home.blocks.util, home.blocks.pools):
            began = time.monotonic()
            with pytest.raises(StorageUnavailable):
                ask()
            assert time.monotonic() - began < IN_TIME_S
    finally:
        home.go_on()
    assert home.blocks.status().quorum == NODES
