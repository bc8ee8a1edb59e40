"""Who has a volume open, and where."""

from __future__ import annotations

import pytest

from pvc_core.decide.volume_use import check_all_unused, check_unused, node_of, users_of, where_is, with_nodes
from pvc_core.errors import VolumeInUse
from pvc_core.model.node import NodeSpec
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.storage import VolumeDetail, Watcher, host_of

CLUSTER = Cluster(
    {
        spec.name: Node(spec)
        for spec in (
            NodeSpec(name="hv1", address="10.0.0.1", cluster_address="10.1.0.1", storage_address="10.2.0.1"),
            NodeSpec(name="hv2", address="10.0.0.2"),
            NodeSpec(name="hv3", address="fd00::3"),
        )
    }
)


def volume(*watchers: str, lockers: tuple[str, ...] = ()) -> VolumeDetail:
    return VolumeDetail(
        pool="vms", name="web", size=1, id="1", features=(), created=1.0, snapshots=(),
        watchers=tuple(Watcher(address=address, client="1") for address in watchers),
        lockers=tuple(Watcher(address=address, client="1") for address in lockers),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "node"),
    [
        ("10.0.0.1:0/77", "hv1"),
        ("10.1.0.1:0/77", "hv1"),
        ("v1:10.2.0.1:0/77", "hv1"),
        ("10.0.0.2", "hv2"),
        ("v2:10.0.0.2:3300/0", "hv2"),
        ("10.0.0.22:0/77", None),
        ("[fd00::3]:0/77", "hv3"),
        ("fd00::3", "hv3"),
        ("[fd00::33]:0/77", None),
        ("", None),
    ],
)
def test_an_address_belongs_to_a_node_or_to_nobody(address: str, node: str | None) -> None:
    assert node_of(CLUSTER, address) == node
    assert where_is(CLUSTER, address) == (node or host_of(address))


def test_watchers_and_lockers_are_shown_with_their_nodes() -> None:
    found = with_nodes(CLUSTER, volume("10.0.0.2:0/1", "10.9.0.1:0/2", lockers=("10.0.0.1:0/3",)))
    assert [one.node for one in found.watchers] == ["hv2", ""]
    assert [one.node for one in found.lockers] == ["hv1"]


def test_each_user_is_named_once_and_one_outside_by_its_address() -> None:
    used = volume("10.0.0.2:0/1", "10.0.0.2:0/2", "10.9.0.1:0/2")
    assert users_of(CLUSTER, used) == ("a client on 10.9.0.1", "a client on hv2")
    with pytest.raises(VolumeInUse, match=r"cannot remove vms/web: .* a client on hv2"):
        check_unused(CLUSTER, used, "remove")


def test_a_leftover_lock_alone_is_no_use() -> None:
    check_unused(CLUSTER, volume(lockers=("10.0.0.1:0/3",)), "remove")


def test_of_many_volumes_the_first_that_is_used_is_named() -> None:
    opened = {"db": (), "web": volume("10.0.0.2:0/1").watchers}
    with pytest.raises(VolumeInUse, match="cannot remove vms/web: it is used by a client on hv2"):
        check_all_unused(CLUSTER, "vms", opened, "remove")
    check_all_unused(CLUSTER, "vms", {"db": ()}, "remove")
