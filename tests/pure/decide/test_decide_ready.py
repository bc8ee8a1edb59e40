"""Bringing a node's VMs home, case by case."""

from __future__ import annotations

from decide_builders import a_cluster, a_node, a_vm, uuid_of

from pvc_core.decide.node_plan import Left, Move, Rules, Start
from pvc_core.decide.ready import plan_ready
from pvc_core.model.node import NodeState
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted


def opened(*vms: VmSpec, memory: int = 4096) -> Cluster:
    return a_cluster([a_node("hv1", memory=memory), a_node("hv2"), a_node("hv3")], vms)


def stopped(number: int, **more: object) -> VmSpec:
    return a_vm(number, "hv1", state=Wanted.STOP, restart_on_ready="hv1", **more)  # type: ignore[arg-type]


def test_what_was_moved_away_comes_home_and_what_was_stopped_is_started() -> None:
    plan = plan_ready(opened(a_vm(1, "hv2", previous_node="hv1"), stopped(2)), "hv1", Rules())
    move, start = plan.steps
    assert isinstance(move, Move) and (move.source, move.target) == ("hv2", "hv1")
    assert isinstance(start, Start) and (start.vm, start.node) == ("vm2", "hv1")


def test_what_was_stopped_away_from_home_is_started_by_whichever_is_ready_first() -> None:
    vm = a_vm(1, "hv2", previous_node="hv1", state=Wanted.STOP, restart_on_ready="hv2")
    for node in ("hv1", "hv2"):
        [start] = plan_ready(opened(vm), node, Rules()).steps
        assert isinstance(start, Start) and start.node == node
    assert plan_ready(opened(vm), "hv3", Rules()).steps == ()


def test_others_stay_where_they_are() -> None:
    plan = plan_ready(
        opened(
            a_vm(1, "hv2"),
            a_vm(2, "hv2", previous_node="hv3"),
            a_vm(3, "hv1", state=Wanted.STOP),
            a_vm(4, "hv2", previous_node="hv1", state=Wanted.STOP),
            a_vm(5, "hv2", previous_node="hv1", moving_to="hv3"),
            a_vm(6, "hv3", state=Wanted.STOP, restart_on_ready="hv3"),
        ),
        "hv1",
        Rules(),
    )
    assert (plan.steps, plan.left) == ((), ())


def test_a_home_that_has_become_too_small_leaves_the_rest_away_with_the_reason() -> None:
    away = [a_vm(number, "hv2", 600, previous_node="hv1") for number in (1, 2, 3)]
    plan = plan_ready(opened(*away, memory=1300), "hv1", Rules())
    assert [step.vm for step in plan.steps] == ["vm1", "vm2"]
    assert [(item.vm, item.node, item.code) for item in plan.left] == [("vm3", "hv2", "NOT_ENOUGH_MEMORY")]


def test_starting_takes_memory_like_moving_does() -> None:
    plan = plan_ready(
        opened(stopped(1, memory=1000), a_vm(2, "hv2", 1000, previous_node="hv1"), memory=1500),
        "hv1",
        Rules(),
    )
    assert [step.vm for step in plan.steps] == ["vm1"]
    assert [item.vm for item in plan.left] == ["vm2"]


def test_a_vm_that_may_not_migrate_is_left_away() -> None:
    plan = plan_ready(opened(a_vm(1, "hv2", previous_node="hv1", migration_method="none")), "hv1", Rules())
    assert [item.code for item in plan.left] == ["MIGRATION_METHOD"]


def test_the_busy_are_not_planned_twice_and_the_given_up_stay_away() -> None:
    gone = Left(uuid_of(2), "vm2", "hv2", "CANCELLED", "was cancelled", "Again.")
    vms = [a_vm(number, "hv2", previous_node="hv1") for number in (1, 2, 3)]
    plan = plan_ready(opened(*vms), "hv1", Rules(busy={uuid_of(1)}, given_up={uuid_of(2): gone}))
    assert [step.vm for step in plan.steps] == ["vm3"]
    assert plan.left == (gone,)


def test_a_node_that_is_still_closed_gets_nothing() -> None:
    cluster = a_cluster(
        [a_node("hv1", state=NodeState.FLUSHED), a_node("hv2")], [a_vm(1, "hv2", previous_node="hv1")]
    )
    assert [item.code for item in plan_ready(cluster, "hv1", Rules()).left] == ["NODE_NOT_READY"]
