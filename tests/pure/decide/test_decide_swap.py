"""Bringing VMs home where others are in the way: an order, a third node as a stop, or a reason."""

from __future__ import annotations

from dataclasses import replace

from decide_builders import a_cluster, a_node, a_vm, carried_out, clusters, promised_mib, uuid_of
from hypothesis import given

from pvc_core.decide.node_plan import Move, NodePlan, Rules
from pvc_core.decide.ready import plan_ready
from pvc_core.model.node import NodeState
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import MigrationMethod, Wanted


def moves(plan: NodePlan) -> list[tuple[str, str, str]]:
    return [(step.vm, step.source, step.target) for step in plan.steps if isinstance(step, Move)]


def then(plan: NodePlan) -> list[tuple[str, str]]:
    return [(step.vm, step.target) for step in plan.later if isinstance(step, Move)]


def full(third: int = 0, other: int = 1024, **more: object) -> Cluster:
    """vm1 belongs to hv1 and is on hv2, vm2 the other way round; both nodes are full."""
    nodes = [a_node("hv1", 1024), a_node("hv2", other), *([a_node("hv3", third)] if third else [])]
    swapped = [a_vm(1, "hv2", 1024, previous_node="hv1"), a_vm(2, "hv1", 1024, previous_node="hv2")]
    return a_cluster(nodes, [swapped[0], swapped[1].but(**more)])


def test_the_one_in_the_way_goes_home_when_there_is_room() -> None:
    plan = plan_ready(full(other=2048), "hv1", Rules())
    assert (moves(plan), then(plan), plan.left) == ([("vm2", "hv1", "hv2")], [("vm1", "hv1")], ())


def test_else_a_third_node_is_a_stop_on_its_way() -> None:
    plan = plan_ready(full(third=1024), "hv1", Rules())
    assert moves(plan) == [("vm2", "hv1", "hv3")]
    assert then(plan) == [("vm1", "hv1"), ("vm2", "hv2")]


def test_without_a_third_node_the_reason_is_given_and_nobody_moves() -> None:
    plan = plan_ready(full(), "hv1", Rules())
    assert (moves(plan), then(plan)) == ([], [])
    (left,) = plan.left
    assert left.code == "NOT_ENOUGH_MEMORY" and "can make room" in left.message


def test_only_what_is_away_and_may_move_live_makes_room() -> None:
    for kept in (
        {"previous_node": None},
        {"migration_method": MigrationMethod.SHUTDOWN},
        {"migration_method": MigrationMethod.NONE},
        {"moving_to": "hv3"},
    ):
        cluster = full(third=1024, **kept)
        assert moves(plan_ready(cluster, "hv1", Rules())) == [], kept


def test_room_that_is_being_made_already_is_waited_for() -> None:
    plan = plan_ready(full(third=1024, moving_to="hv3"), "hv1", Rules(busy={uuid_of(2)}))
    assert (moves(plan), then(plan), plan.left) == ([], [("vm1", "hv1")], ())


def test_the_smallest_that_is_enough_is_disturbed() -> None:
    nodes = [a_node("hv1", 2048), a_node("hv2", 512), a_node("hv3", 4096)]
    others = [
        a_vm(number, "hv1", size, previous_node="hv3") for number, size in ((2, 1024), (3, 512), (4, 512))
    ]
    cluster = a_cluster(nodes, [a_vm(1, "hv2", 400, previous_node="hv1"), *others])
    assert moves(plan_ready(cluster, "hv1", Rules())) == [("vm3", "hv1", "hv3")]


def test_what_was_parked_goes_home_in_the_end() -> None:
    cluster = a_cluster(
        [a_node("hv1"), a_node("hv2"), a_node("hv3")], [a_vm(2, "hv3", 1024, previous_node="hv2")]
    )
    assert moves(plan_ready(cluster, "hv1", Rules())) == []
    assert moves(plan_ready(cluster, "hv1", Rules(parked={uuid_of(2)}))) == [("vm2", "hv3", "hv2")]


@given(clusters(first=NodeState.READY))
def test_an_unflush_comes_to_an_end_without_overfilling_a_node(cluster: Cluster) -> None:
    """Carried out step by step: each VM moves twice at most, and each that belongs home is there or named."""
    moved: dict[str, int] = {}
    rules = Rules()
    for _ in range(40):
        plan = plan_ready(cluster, "hv1", rules)
        added = promised_mib(cluster, plan.steps)
        assert all(mib <= cluster.free_mib(node) for node, mib in added.items())
        if not plan.steps:
            break
        step = plan.steps[0]
        moved[step.uuid] = moved.get(step.uuid, 0) + 1
        cluster = carried_out(cluster, step)
        rules = replace(rules, parked=frozenset(moved))
    assert not plan.steps and not plan.later
    assert all(times <= 2 for times in moved.values())
    away = {vm.uuid for vm in cluster.vms.values() if vm.previous_node == "hv1" and vm.state is Wanted.START}
    assert away == {item.uuid for item in plan.left if cluster.vms[item.uuid].previous_node == "hv1"} & away
