"""How the bandwidth of the nodes is divided."""

from __future__ import annotations

from decide_builders import JOB, a_cluster, a_node, a_vm
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.bandwidth import Caps, decide_bandwidth, sharing
from pvc_core.model.snapshot import Cluster

NODES = [a_node("hv1"), a_node("hv2"), a_node("hv3")]


def moving(*ways: tuple[str, str]) -> Cluster:
    vms = [
        a_vm(number, source, moving_to=target, moving_job=f"{JOB}-{number}")
        for number, (source, target) in enumerate(ways)
    ]
    return a_cluster(NODES, vms)


def share(cluster: Cluster, number: int, caps: Caps) -> int | None:
    vm = sorted(cluster.vms.values(), key=lambda vm: vm.name)[number]
    return decide_bandwidth(cluster, vm, vm.moving_to or "hv2", caps)


def test_without_caps_there_is_no_limit() -> None:
    assert share(moving(("hv1", "hv2")), 0, Caps()) is None


def test_one_alone_has_all_of_its_node_or_its_own_cap() -> None:
    cluster = moving(("hv1", "hv2"))
    assert share(cluster, 0, Caps(node=90)) == 90
    assert share(cluster, 0, Caps(migration=40, node=90)) == 40


def test_those_that_leave_a_node_share_alike_and_so_do_those_that_enter_one() -> None:
    assert share(moving(("hv1", "hv2"), ("hv1", "hv3"), ("hv1", "hv2")), 0, Caps(node=90)) == 30
    assert share(moving(("hv1", "hv3"), ("hv2", "hv3")), 0, Caps(node=90)) == 45


def test_one_that_begins_counts_itself() -> None:
    cluster = a_cluster(NODES, [a_vm(1, "hv1", moving_to="hv2", moving_job=JOB), a_vm(2, "hv1")])
    vm = next(vm for vm in cluster.vms.values() if vm.moving_to is None)
    assert decide_bandwidth(cluster, vm, "hv2", Caps(node=90)) == 45


def test_whose_share_changes_is_woken() -> None:
    cluster = moving(("hv1", "hv2"), ("hv1", "hv3"), ("hv2", "hv3"))
    first = next(vm for vm in cluster.vms.values() if vm.name == "vm0")
    assert sharing(cluster, first) == [f"{JOB}-1"]


ways = st.sampled_from([(a, b) for a in ("hv1", "hv2", "hv3") for b in ("hv1", "hv2", "hv3") if a != b])


@given(st.lists(ways, min_size=1, max_size=12), st.integers(20, 1000))
def test_no_node_gives_or_takes_more_than_it_may(found: list[tuple[str, str]], cap: int) -> None:
    cluster = moving(*found)
    vms = list(cluster.vms.values())
    shares = {vm.uuid: decide_bandwidth(cluster, vm, vm.moving_to or "", Caps(node=cap)) or 0 for vm in vms}
    for node in ("hv1", "hv2", "hv3"):
        assert sum(shares[vm.uuid] for vm in vms if vm.node == node) <= cap
        assert sum(shares[vm.uuid] for vm in vms if vm.moving_to == node) <= cap
    assert all(shares.values())
