"""Which node takes a VM, and why the others do not."""

from __future__ import annotations

import pytest
from decide_builders import a_cluster, a_node, a_vm

from pvc_core.decide.placement import Choice, Refusal, Refused, Terms, decide_node, refuse
from pvc_core.errors import NotFound
from pvc_core.model.node import NodeState
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import NodeSelector, Wanted


def choose(cluster: Cluster, **vm: object) -> Choice:
    choice = decide_node(cluster, a_vm(1, "hv1", **vm), Terms(without={"hv1"}))  # type: ignore[arg-type]
    assert isinstance(choice, Choice), choice
    return choice


def refusal(cluster: Cluster, node: str, **vm: object) -> Refusal:
    found = refuse(cluster, a_vm(1, "hv1", **vm), node)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_node_outside_the_limit_is_refused_and_the_remedy_names_the_allowed() -> None:
    found = refusal(a_cluster([a_node("hv2")]), "hv2", node_limit=("hv3", "hv4"))
    assert found.code == "NODE_LIMIT"
    assert "hv3, hv4" in found.message and "hv3 or hv4 ready" in found.remedy


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (a_node("hv2", alive=False), "does not answer"),
        (a_node("hv2", reported=False), "has not reported"),
        (a_node("hv2", ok=False), "no socket"),
    ],
    ids=["no agent", "no report", "no libvirt"],
)
def test_a_node_that_cannot_run_vms_is_refused_with_what_it_lacks(node: object, words: str) -> None:
    found = refusal(a_cluster([node]), "hv2")  # type: ignore[list-item]
    assert found.code == "NODE_DEAD"
    assert words in found.message and "pvc node info hv2" in found.remedy


@pytest.mark.parametrize("state", [NodeState.FLUSHING, NodeState.FLUSHED, NodeState.PARTIAL])
def test_a_closed_node_is_refused(state: NodeState) -> None:
    found = refusal(a_cluster([a_node("hv2", state=state)]), "hv2")
    assert (found.code, found.remedy) == ("NODE_NOT_READY", "Run `pvc node ready hv2`.")
    assert state in found.message


def test_a_full_node_is_refused_and_the_remedy_says_how_much_to_free() -> None:
    cluster = a_cluster([a_node("hv2", memory=1024)], [a_vm(2, "hv2", 900)])
    found = refusal(cluster, "hv2", memory=200)
    assert (found.code, found.message) == ("NOT_ENOUGH_MEMORY", "124 MiB free, 200 MiB needed")
    assert "Free 76 MiB" in found.remedy


def test_a_vm_larger_than_the_node_is_not_helped_by_freeing_memory() -> None:
    found = refusal(a_cluster([a_node("hv2", memory=1024)]), "hv2", memory=2000)
    assert (found.code, found.message) == ("NOT_ENOUGH_MEMORY", "1024 MiB free, 2000 MiB needed")
    assert "pvc vm memory set vm1" in found.remedy and "Free" not in found.remedy


def test_an_overfilled_node_counts_as_having_nothing_free() -> None:
    cluster = a_cluster([a_node("hv2", memory=1024)], [a_vm(2, "hv2", 2000)])
    found = refusal(cluster, "hv2", memory=100)
    assert found.message.startswith("0 MiB free")
    assert "Free 1076 MiB" in found.remedy


def test_the_last_mebibyte_is_enough() -> None:
    cluster = a_cluster([a_node("hv2", memory=1024, reserved_memory_mib=24)])
    assert refuse(cluster, a_vm(1, memory=1000), "hv2") is None
    assert refuse(cluster, a_vm(1, memory=1001), "hv2") is not None


def test_what_is_on_its_way_is_counted_where_it_goes_and_where_it_is() -> None:
    moving = a_vm(2, "hv2", 1000, moving_to="hv3")
    cluster = a_cluster([a_node("hv2", memory=1024), a_node("hv3", memory=1024)], [moving])
    assert refusal(cluster, "hv2", memory=100).code == refusal(cluster, "hv3", memory=100).code
    assert cluster.charged_mib("hv2") == cluster.charged_mib("hv3") == 1000


def test_a_stopped_vm_takes_no_memory() -> None:
    cluster = a_cluster([a_node("hv2", memory=1024)], [a_vm(2, "hv2", 1000, state=Wanted.STOP)])
    assert refuse(cluster, a_vm(1, memory=1024), "hv2") is None


def test_home_comes_first_even_where_another_node_has_more_room() -> None:
    """The predecessor shut such a VM down (fault 7)."""
    cluster = a_cluster([a_node("hv1"), a_node("hv2", memory=1024), a_node("hv3", memory=9999)])
    assert choose(cluster, previous_node="hv2") == Choice("hv2", "it is its home")


def test_a_home_that_is_closed_is_passed_over() -> None:
    cluster = a_cluster([a_node("hv1"), a_node("hv2", state=NodeState.FLUSHED), a_node("hv3")])
    assert choose(cluster, previous_node="hv2") == Choice("hv3", "the only possible node")


SELECTORS = {
    NodeSelector.MEM: "the most free memory of 2 possible",
    NodeSelector.MEMPROV: "the least promised memory of 2 possible",
    NodeSelector.VCPUS: "the fewest vCPUs per CPU of 2 possible",
    NodeSelector.VMS: "the fewest VMs of 2 possible",
    NodeSelector.LOAD: "the lowest load of 2 possible",
}


@pytest.mark.parametrize("selector", NodeSelector)
def test_each_selector_prefers_the_node_that_is_better_by_its_own_measure_alone(
    selector: NodeSelector,
) -> None:
    """hv3 wins by one measure and loses by every other."""
    good = {NodeSelector.MEM: {"memory": 5000}, NodeSelector.LOAD: {"load": 0.5}}.get(selector, {})
    worse = {"memory": 4500, "load": 1.0}
    others = {
        NodeSelector.MEM: ([a_vm(2, "hv2", 10)], [a_vm(4, "hv3", 20, vcpus=4), a_vm(5, "hv3", 20)]),
        NodeSelector.MEMPROV: (
            [a_vm(2, "hv2", 900, state=Wanted.STOP)],
            [a_vm(4, "hv3", 400), a_vm(5, "hv3", 400)],
        ),
        NodeSelector.VCPUS: ([a_vm(2, "hv2", 10, vcpus=9)], [a_vm(4, "hv3", 20), a_vm(5, "hv3", 20)]),
        NodeSelector.VMS: ([a_vm(2, "hv2", 10), a_vm(3, "hv2", 10)], [a_vm(4, "hv3", 99, vcpus=8)]),
        NodeSelector.LOAD: ([a_vm(2, "hv2", 10)], [a_vm(4, "hv3", 20), a_vm(5, "hv3", 20)]),
    }[selector]
    hv3 = a_node("hv3", **{"memory": 4400, "load": 2.0, **good})  # type: ignore[arg-type]
    cluster = a_cluster([a_node("hv1"), a_node("hv2", **worse), hv3], [*others[0], *others[1]])  # type: ignore[arg-type]
    assert choose(cluster, node_selector=selector) == Choice("hv3", SELECTORS[selector])


@pytest.mark.parametrize("selector", NodeSelector)
def test_equal_nodes_are_chosen_in_the_order_of_their_names(selector: NodeSelector) -> None:
    cluster = a_cluster([a_node("hv1"), a_node("hv3"), a_node("hv2")])
    assert choose(cluster, node_selector=selector).node == "hv2"


def test_experience_excludes_a_node_that_looks_good() -> None:
    cluster = a_cluster([a_node("hv1"), a_node("hv2", memory=9999), a_node("hv3")])
    known = {"hv2": Refusal("MIGRATION_FAILED", "it broke", "Look.")}
    assert decide_node(cluster, a_vm(1), Terms({"hv1"}, known)) == Choice("hv3", "the only possible node")


def test_a_shared_obstacle_is_the_code_and_mixed_ones_say_no_ready_node() -> None:
    closed = a_node("hv2", state=NodeState.FLUSHED)
    same = decide_node(a_cluster([closed, a_node("hv3", state=NodeState.FLUSHED)]), a_vm(1))
    full = a_cluster([closed, a_node("hv3", memory=200)], [a_vm(2, "hv3", 199)])
    mixed = decide_node(full, a_vm(1))
    assert isinstance(same, Refused) and same.code == "NODE_NOT_READY"
    assert isinstance(mixed, Refused) and mixed.code == "NO_READY_NODE"
    assert "hv2: it is flushed" in mixed.message and "hv3: 1 MiB free" in mixed.message
    assert "pvc node ready hv2" in mixed.remedy and "Free 127 MiB on hv3" in mixed.remedy


def test_a_cluster_of_one_has_no_other_node_and_says_so() -> None:
    found = decide_node(a_cluster([a_node("hv1")]), a_vm(1), Terms(without={"hv1"}))
    assert isinstance(found, Refused)
    assert (found.code, found.message) == ("NO_READY_NODE", "there is no other node")
    error = found.error("vm1")
    assert error.code == "NO_PLACEMENT" and error.details["refusals"] == {} and error.remedy


def test_an_unknown_node_is_not_found() -> None:
    with pytest.raises(NotFound):
        refuse(a_cluster([]), a_vm(1), "hv9")
