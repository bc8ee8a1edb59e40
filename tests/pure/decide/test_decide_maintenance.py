"""What of the storage is on a node, what is awaited, and what the others can hold."""

from __future__ import annotations

import pytest

from pvc_core.decide.maintenance import daemons_on, describe_missing, describe_unclean
from pvc_core.decide.osds import check_goes_without, number_of
from pvc_core.errors import WrongState
from pvc_core.model.node import NodeSpec
from pvc_core.model.storage import Monitor, Osd, Pool

POOL = Pool(id=1, name="vms", placement_groups=8, autoscale="off", copies=2, mincopies=1, uses=("rbd",))


def an_osd(number: int, node: str, **changes: object) -> Osd:
    made = Osd(
        id=number, node=node, device_class="ssd", up=True, within=True, weight=1, total=100, used=10,
        placement_groups=8,
    )  # fmt: skip
    return made.but(**changes)


def test_hosts_of_the_storage_are_nodes_by_name_and_monitors_also_by_address() -> None:
    nodes = [NodeSpec(name="hv1.lab", address="10.0.0.1", storage_address="10.9.0.1")]
    osds = [an_osd(0, "hv1"), an_osd(1, "hv1"), an_osd(2, "hv2")]
    monitors = [Monitor(name="a", address="10.9.0.1"), Monitor(name="hv2", address="10.9.0.2")]
    found = daemons_on(nodes, osds, monitors)
    assert (found.hosts, found.osds, found.monitors) == (("hv1",), (0, 1), ("a",))


def test_only_what_is_in_and_down_is_missed() -> None:
    osds = [an_osd(0, "a"), an_osd(1, "a", up=False), an_osd(2, "a", up=False, within=False)]
    assert describe_missing(osds, [0, 1, 2]) == "osd.1"
    assert describe_missing(osds, [0, 2]) == ""


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({}, ""),
        ({"active+clean": 17}, ""),
        ({"active+clean": 15, "active+clean+scrubbing+deep": 2}, ""),
        ({"active+clean": 16, "peering": 1}, "1 placement group: 1 peering"),
        (
            {"active+clean": 5, "active+undersized+degraded": 10, "active+recovering+degraded": 2},
            "12 placement groups: 12 degraded, 2 recovering, 10 undersized",
        ),
        ({"unknown": 3}, "3 placement groups: 3 unknown"),
        ({"active": 2}, "2 placement groups"),
    ],
)
def test_what_placement_groups_lack_is_counted(groups: dict[str, int], words: str) -> None:
    assert describe_unclean(groups) == words


def test_an_osd_on_a_host_with_others_can_be_spared() -> None:
    osds = [an_osd(0, "a"), an_osd(1, "a"), an_osd(2, "b")]
    check_goes_without(osds, [POOL], osds[0])
    with pytest.raises(WrongState, match="pool vms has 1 host for 2 copies"):
        check_goes_without(osds, [POOL], osds[2])
    check_goes_without(osds, [POOL.but(tier="nvme")], osds[2])


def test_one_that_is_out_has_nothing_to_lose() -> None:
    osds = [an_osd(0, "a"), an_osd(1, "b", within=False)]
    check_goes_without(osds, [POOL], osds[1])


def test_numbers_of_osds() -> None:
    assert [number_of(name) for name in ("3", "osd.3", "osd.012")] == [3, 3, 12]


def test_only_a_pool_of_its_class_binds_an_osd_to_its_class() -> None:
    osds = [an_osd(0, "a"), an_osd(1, "b"), an_osd(2, "b", device_class="nvme")]
    check_goes_without(osds, [POOL], osds[2])
    with pytest.raises(WrongState, match="the others of its class would be none"):
        check_goes_without(osds, [POOL.but(tier="nvme", copies=1)], osds[2])
