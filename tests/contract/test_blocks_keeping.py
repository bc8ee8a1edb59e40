"""Pools, flags, and what holds a host's OSDs: the fake and Ceph, one set of tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from block_homes import NODES, Home, made
from test_blocks import CEPH

from pvc_core.errors import AlreadyExists, NotFound, StorageRefused
from pvc_core.model.storage import Osd, Pool, PoolPlan

PLAN = PoolPlan(name="more", placement_groups=8, copies=2, mincopies=1, tier="default", autoscale="off")
SETTLES_S = 60


@pytest.fixture(scope="module", params=["fake", pytest.param("ceph", marks=CEPH)])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """One for all tests of this module, in their order."""
    with made(request.param) as home:
        yield home


def eventually(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLES_S
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def pool(home: Home, name: str) -> Pool | None:
    return next((one for one in home.blocks.pools() if one.name == name), None)


def test_each_node_has_a_monitor_with_an_address(home: Home) -> None:
    found = home.blocks.monitors()
    assert [one.name for one in found] == list(NODES)
    assert len({one.address for one in found}) == len(NODES)
    assert all(one.address.startswith("10.") and ":" not in one.address for one in found)


def test_one_of_three_may_stop_and_two_may_not(home: Home) -> None:
    # A storage that has just begun cannot tell yet, and does not pretend to.
    eventually(lambda: home.blocks.why_not_stop([1], ["hv2"]) == [])
    osds, monitors = home.blocks.why_not_stop([0, 1], ["hv1", "hv2"])
    assert osds.startswith("osd ok-to-stop: ") and monitors.startswith("mon ok-to-stop: ")
    assert home.blocks.why_not_stop([], []) == []


def test_a_host_is_held_and_released_as_often_as_one_likes(home: Home) -> None:
    for _ in range(2):
        home.blocks.hold_osds("hv2")
    home.blocks.hold_osds("hv3")
    assert home.blocks.held_hosts() == ["hv2", "hv3"]
    for host in ("hv2", "hv3", "hv2", "nowhere"):
        home.blocks.release_osds(host)
    assert home.blocks.held_hosts() == []


def test_a_pool_is_made_and_completed(home: Home) -> None:
    for _ in range(2):
        home.blocks.create_pool(PLAN)
    made = pool(home, "more")
    assert made is not None
    assert (made.copies, made.mincopies, made.autoscale, made.tier) == (2, 1, "off", "default")
    assert (made.placement_groups, made.uses) == (8, ("rbd",))
    assert home.blocks.volumes("more") == []


def test_a_pool_of_one_tier(home: Home) -> None:
    """Of the class that the OSDs have, whatever that is."""
    tier = home.blocks.osds()[0].device_class
    home.blocks.create_pool(PLAN.but(name="tiered", tier=tier))
    made = pool(home, "tiered")
    assert made is not None and made.tier == tier


def test_placement_groups_and_the_autoscaler_are_changed(home: Home) -> None:
    home.blocks.set_placement_groups("more", 16)
    home.blocks.set_autoscale("more", "warn")

    def is_so() -> bool:
        made = pool(home, "more")
        return made is not None and (made.placement_groups, made.autoscale) == (16, "warn")

    eventually(is_so)
    with pytest.raises(NotFound):
        home.blocks.set_placement_groups("nowhere", 16)


def test_a_pool_gets_a_name_that_nobody_has(home: Home) -> None:
    before = pool(home, "more")
    home.blocks.rename_pool("more", "other")
    home.blocks.rename_pool("more", "other")
    after = pool(home, "other")
    assert before is not None and after == before.but(name="other") and pool(home, "more") is None
    assert home.blocks.volumes("other") == []
    with pytest.raises(NotFound):
        home.blocks.volumes("more")
    with pytest.raises(AlreadyExists, match="pool tiered"):
        home.blocks.rename_pool("other", "tiered")
    with pytest.raises(NotFound, match="pool nowhere"):
        home.blocks.rename_pool("nowhere", "anywhere")
    home.blocks.rename_pool("other", "more")


def test_a_pool_is_removed_once(home: Home) -> None:
    for name in ("more", "tiered", "more"):
        home.blocks.remove_pool(name)
    assert pool(home, "more") is None and pool(home, "tiered") is None
    with pytest.raises(NotFound, match="pool more"):
        home.blocks.volumes("more")


def test_flags(home: Home) -> None:
    for flag in ("noout", "nodeep-scrub"):
        for _ in range(2):
            home.blocks.set_flag(flag)
    assert {"noout", "nodeep-scrub"} <= set(home.blocks.flags())
    for flag in ("noout", "nodeep-scrub"):
        for _ in range(2):
            home.blocks.unset_flag(flag)
    assert not {"noout", "nodeep-scrub"} & set(home.blocks.flags())


def test_an_osd_goes_out_and_in(home: Home) -> None:
    home.blocks.take_out(2)
    assert not home.blocks.osds()[2].within and home.blocks.osds()[2].up
    home.blocks.put_in(2)
    assert home.blocks.osds()[2].within


def test_what_nobody_knows_is_purged_already(home: Home) -> None:
    home.blocks.purge_osd(77)
    assert [osd.id for osd in home.blocks.osds()] == [0, 1, 2]


def test_one_that_is_up_is_not_destroyed_and_one_that_nobody_knows_is_so_already(home: Home) -> None:
    with pytest.raises(StorageRefused, match="is not `down`"):
        home.blocks.destroy_osd(2)
    home.blocks.destroy_osd(77)
    assert [(osd.id, osd.destroyed) for osd in home.blocks.osds()] == [(0, False), (1, False), (2, False)]


def test_what_is_destroyed_keeps_its_number_and_its_place(home: Home) -> None:
    """The last test: from here on there is an OSD less. Ceph's manager hears of it a moment later."""
    before = home.blocks.osds()[2]
    home.blocks.stop_osd(2)
    eventually(lambda: not home.blocks.osds()[2].up)
    for _ in range(2):
        home.blocks.destroy_osd(2)
    eventually(lambda: is_in_place_without_a_disk(home.blocks.osds()[2], before))
    assert [mark.osd for mark in home.blocks.osd_marks()] == [0, 1]

    home.blocks.purge_osd(2)
    eventually(lambda: [osd.id for osd in home.blocks.osds()] == [0, 1])
    for _ in range(2):
        home.blocks.keep_place(2, before.node, before.weight, before.device_class)
    eventually(lambda: is_in_place_without_a_disk(home.blocks.osds()[-1], before))


def is_in_place_without_a_disk(osd: Osd, before: Osd) -> bool:
    same = all(
        getattr(osd, name) == getattr(before, name) for name in ("id", "node", "device_class", "weight")
    )
    return same and osd.destroyed and not osd.up
