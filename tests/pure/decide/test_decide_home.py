"""Where a new VM is at home: they spread, though nothing of them runs yet."""

from __future__ import annotations

from collections import Counter

import pytest
from decide_builders import a_cluster, a_node, a_vm

from pvc_core.decide.home import decide_home
from pvc_core.decide.placement import Refused
from pvc_core.model.node import NodeState
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import NodeSelector, VmSpec, Wanted


def homes(cluster: Cluster, number: int, **vm: object) -> Counter[str]:
    """Of so many VMs, defined one after another."""
    found: Counter[str] = Counter()
    for one in range(100, 100 + number):
        new = a_vm(one, "hv1", state=Wanted.STOP, **vm)  # type: ignore[arg-type]
        home = decide_home(cluster, new)
        assert isinstance(home, str)
        cluster = cluster.with_vms([new.but(node=home)])
        found[home] += 1
    return found


def empty(*names: str) -> Cluster:
    return a_cluster([a_node(name) for name in names])


@pytest.mark.parametrize("selector", NodeSelector)
def test_on_equal_nodes_they_spread_whatever_the_selector(selector: NodeSelector) -> None:
    assert homes(empty("hv1", "hv2", "hv3"), 6, node_selector=selector) == {"hv1": 2, "hv2": 2, "hv3": 2}


def test_what_is_only_defined_counts_beside_what_runs() -> None:
    runs = a_vm(1, "hv1", 1024)
    assert homes(a_cluster([a_node("hv1"), a_node("hv2")], [runs]), 6, memory=512) == {"hv1": 2, "hv2": 4}


def test_what_has_run_and_was_stopped_does_not_count() -> None:
    stopped = a_vm(1, "hv1", 2048, state=Wanted.STOP, stays=("hv1",))
    assert homes(a_cluster([a_node("hv1", 4608), a_node("hv2")], [stopped]), 1) == {"hv1": 1}


def test_where_not_all_can_run_at_once_they_still_spread() -> None:
    cluster = a_cluster([a_node("hv1", 1024), a_node("hv2", 1024)])
    assert homes(cluster, 10, memory=512) == {"hv1": 5, "hv2": 5}
    full = a_cluster([a_node("hv1", 256), a_node("hv2", 256)])
    assert homes(full, 4, memory=512) == {"hv1": 2, "hv2": 2}


def test_those_that_are_to_be_apart_are_at_home_apart() -> None:
    tags = ({"name": "apart:db"},)
    assert homes(empty("hv1", "hv2", "hv3"), 3, tags=tags) == {"hv1": 1, "hv2": 1, "hv3": 1}


def test_the_limit_binds_and_a_closed_node_is_only_the_last_resort() -> None:
    closed = a_node("hv1", state=NodeState.FLUSHED)
    cluster = a_cluster([closed, a_node("hv2"), a_node("hv3")])
    assert homes(cluster, 4) == {"hv2": 2, "hv3": 2}
    assert homes(cluster, 2, node_limit=("hv1", "hv3")) == {"hv3": 2}
    assert homes(cluster, 2, node_limit=("hv1",)) == {"hv1": 2}
    full = a_cluster([closed, a_node("hv2", 256), a_node("hv3", alive=False)], [a_vm(1, "hv2", 256)])
    assert homes(full, 2, memory=512) == {"hv2": 2}


def test_without_nodes_there_is_no_home() -> None:
    new: VmSpec = a_vm(1, state=Wanted.STOP)
    assert isinstance(decide_home(Cluster(), new), Refused)
