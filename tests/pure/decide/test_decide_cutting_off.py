"""Cutting a node off from the storage, by the plan and on storage in memory, killed after every call."""

from __future__ import annotations

import pytest
from decide_builders import a_node

from pvc_core.decide.cutting_off import hosts_of, plan_cut
from pvc_core.errors import StorageUnavailable, WrongState
from pvc_core.model.node import NodeSpec
from pvc_core.model.snapshot import Node
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_tasks.cutting_off import cut_off, let_back, words_for

HOST, CLIENT, OTHER = "10.0.0.2", "10.0.0.2:0/7", "10.0.0.22:0/7"
DISKS = ("vms/web", "vms/db", "vms/none")


@pytest.fixture
def blocks() -> FakeBlocks:
    """`web` is written to from the node, `db` from another one."""
    found = FakeBlocks()
    found.add_pool("vms")
    for name, address in (("web", CLIENT), ("db", OTHER)):
        found.add_volume("vms", name, 1)
        found.open_volume("vms", name, address)
        found.lock_volume("vms", name, address)
    return found


def volumes(blocks: FakeBlocks) -> list:  # type: ignore[type-arg]
    return [blocks.volume("vms", name) for name in ("web", "db")]


def test_the_host_and_each_client_seen_there_are_blocked(blocks: FakeBlocks) -> None:
    cut = plan_cut([HOST], volumes(blocks), [], [OTHER])
    assert cut.block == (HOST, CLIENT) and not cut.done and cut.strangers == ()
    assert [(hold.volume, hold.lockers) for hold in cut.locks] == [("vms/web", (CLIENT,))]
    assert [hold.volume for hold in cut.open] == ["vms/web"]


def test_a_node_without_anything_open_is_blocked_all_the_same(blocks: FakeBlocks) -> None:
    others = [HOST, OTHER]
    assert plan_cut(["10.0.0.3"], volumes(blocks), [], others).block == ("10.0.0.3",)
    assert plan_cut(["10.0.0.3"], volumes(blocks), ["10.0.0.3"], others).done


def test_whoever_else_has_a_disk_open_may_be_the_old_guest(blocks: FakeBlocks) -> None:
    """The node reaches the storage by an address that is written nowhere: what was blocked was not it."""
    everything = ["10.0.0.3", HOST, CLIENT, OTHER]
    cut = plan_cut(["10.0.0.3"], volumes(blocks), everything, ["10.0.0.22"])
    assert not cut.done and (cut.block, cut.locks, cut.open) == ((), (), ())
    assert [(hold.volume, hold.watchers) for hold in cut.strangers] == [("vms/web", (CLIENT,))]
    assert f"vms/web (by {CLIENT})" in words_for(cut, "hv3")
    assert plan_cut(["10.0.0.3"], volumes(blocks), everything, ["10.0.0.22", CLIENT]).done
    assert plan_cut(["10.0.0.3"], volumes(blocks), everything, ["10.0.0.22"], ["vms/web"]).done


def test_a_lock_alone_is_not_done(blocks: FakeBlocks) -> None:
    blocks.open_volume("vms", "web")
    assert not plan_cut([HOST], volumes(blocks), [HOST, CLIENT], [OTHER]).done


def test_cut_off_and_let_back(blocks: FakeBlocks) -> None:
    assert not cut_off(blocks, [HOST], DISKS).done
    assert cut_off(blocks, [HOST], DISKS, [OTHER]).done
    web, db = volumes(blocks)
    assert (web.watchers, web.lockers) == ((), ())
    assert [one.address for one in (*db.watchers, *db.lockers)] == [OTHER, OTHER]
    let_back(blocks, [HOST])
    assert blocks.blocked_clients() == [CLIENT]


@pytest.mark.parametrize("calls", range(6))
def test_it_goes_on_wherever_it_died(blocks: FakeBlocks, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [calls]

    def refuse_if(silent: bool) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StorageUnavailable("gone")

    monkeypatch.setattr(blocks, "refuse_if", refuse_if)
    with pytest.raises(StorageUnavailable):
        cut_off(blocks, [HOST], DISKS[:2])
    monkeypatch.undo()
    assert cut_off(blocks, [HOST], DISKS, [OTHER]).done
    assert blocks.blocked_clients() == [HOST, CLIENT]


def test_it_says_what_it_waits_for(blocks: FakeBlocks) -> None:
    assert "close what hv2 had open: vms/web" in words_for(plan_cut([HOST], volumes(blocks), []), "hv2")
    blocks.open_volume("vms", "web")
    assert "locks of hv2 to go: vms/web" in words_for(plan_cut([HOST], volumes(blocks), []), "hv2")
    assert "keep hv2 out" in words_for(plan_cut([HOST], (), []), "hv2")


def test_every_address_of_a_node_is_a_host() -> None:
    spec = NodeSpec(name="hv2", address=HOST, cluster_address=HOST, storage_address="10.2.0.2")
    assert hosts_of(Node(spec)) == (HOST, "10.2.0.2")


def test_the_address_it_was_last_seen_with_is_one_as_well() -> None:
    node = a_node("hv2", storage_address="10.2.0.2")
    assert hosts_of(node) == ("10.2.0.2",)


def test_a_node_without_an_ip_address_is_not_said_to_be_cut_off() -> None:
    assert hosts_of(Node(NodeSpec(name="hv2", address="hv2.lab", storage_address=HOST))) == (HOST,)
    with pytest.raises(WrongState, match="none of its addresses is an IP address"):
        hosts_of(Node(NodeSpec(name="hv2", address="hv2.lab")))
