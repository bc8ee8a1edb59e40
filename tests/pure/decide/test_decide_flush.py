"""Emptying a node, case by case."""

from __future__ import annotations

import pytest
from decide_builders import a_cluster, a_node, a_vm, three_nodes, uuid_of

from pvc_core.decide.flush import plan_flush
from pvc_core.decide.node_plan import Left, Move, Rules, Stop
from pvc_core.decide.placement import Refusal
from pvc_core.model.node import NodeState
from pvc_core.model.vm import Wanted
from pvc_core.store.port import MAX_VALUE_BYTES

FAILED = Refusal("MIGRATION_FAILED", "it broke", "Try again.")


def test_the_largest_go_first_and_equals_by_name() -> None:
    plan = plan_flush(
        three_nodes(a_vm(3, memory=64), a_vm(2, memory=64), a_vm(1, memory=512)), "hv1", Rules()
    )
    assert [step.vm for step in plan.steps] == ["vm1", "vm2", "vm3"]
    assert not plan.left


def test_every_step_counts_what_the_earlier_ones_have_taken() -> None:
    cluster = a_cluster(
        [a_node("hv1", state=NodeState.FLUSHING), a_node("hv2", memory=1000), a_node("hv3", memory=900)],
        [a_vm(number, memory=450) for number in (1, 2, 3, 4, 5)],
    )
    plan = plan_flush(cluster, "hv1", Rules())
    targets = [step.target for step in plan.steps if isinstance(step, Move)]
    assert sorted(targets) == ["hv2", "hv2", "hv3", "hv3"]
    assert [item.code for item in plan.left] == ["NOT_ENOUGH_MEMORY"]


def test_only_what_should_run_there_and_is_not_yet_on_its_way_is_moved() -> None:
    plan = plan_flush(
        three_nodes(
            a_vm(1),
            a_vm(2, state=Wanted.STOP),
            a_vm(3, "hv2"),
            a_vm(4, moving_to="hv2"),
            a_vm(5, state=Wanted.DISABLE),
        ),
        "hv1",
        Rules(),
    )
    assert [step.vm for step in plan.steps] == ["vm1"]


def test_a_vm_a_child_is_at_work_on_is_not_planned_twice() -> None:
    plan = plan_flush(three_nodes(a_vm(1), a_vm(2)), "hv1", Rules(busy={uuid_of(1)}))
    assert [step.vm for step in plan.steps] == ["vm2"]


def test_a_blocked_vm_is_left_running_and_named_with_code_and_remedy() -> None:
    plan = plan_flush(three_nodes(a_vm(1, node_limit=("hv1",))), "hv1", Rules())
    (left,) = plan.left
    assert not plan.steps
    assert (left.vm, left.node, left.code) == ("vm1", "hv1", "NODE_LIMIT")
    assert left.remedy == "Widen the limit (`pvc vm meta vm1 --node-limit hv1,NODE`)."


def test_another_node_of_the_limit_may_be_made_ready() -> None:
    closed = a_node("hv2", state=NodeState.FLUSHED)
    vm = a_vm(1, node_limit=("hv1", "hv2"))
    cluster = a_cluster([a_node("hv1", state=NodeState.FLUSHING), closed, a_node("hv3")], [vm])
    (left,) = plan_flush(cluster, "hv1", Rules()).left
    assert "or make hv2 ready" in left.remedy and "hv1 ready" not in left.remedy


def test_autorestart_lets_a_blocked_vm_be_shut_down_to_be_started_again() -> None:
    plan = plan_flush(three_nodes(a_vm(1, node_limit=("hv1",), autorestart=True)), "hv1", Rules())
    (stop,) = plan.steps
    assert isinstance(stop, Stop)
    assert (stop.restart, stop.then_stop) == (True, False)
    assert "autorestart" in stop.reason and "may run only on hv1" in stop.reason
    assert "`node ready hv1` starts it again" in stop.reason


def test_autorestart_stops_nothing_that_has_somewhere_to_go() -> None:
    plan = plan_flush(three_nodes(a_vm(1, autorestart=True)), "hv1", Rules(stop_blocked=True))
    assert isinstance(plan.steps[0], Move)


@pytest.mark.parametrize("force", [False, True])
def test_on_blocked_stops_what_its_admin_did_not_and_does_not_start_it_again(force: bool) -> None:
    rules = Rules(stop_blocked=True, force_stop=force)
    (stop,) = plan_flush(three_nodes(a_vm(1, node_limit=("hv1",))), "hv1", rules).steps
    assert isinstance(stop, Stop)
    assert (stop.restart, stop.then_stop) == (False, force)
    assert "--on-blocked" in stop.reason


def test_a_vm_that_may_not_migrate_is_blocked_whatever_room_there_is() -> None:
    (left,) = plan_flush(three_nodes(a_vm(1, migration_method="none")), "hv1", Rules()).left
    assert left.code == "MIGRATION_METHOD" and "none" in left.message


@pytest.mark.parametrize("force", [False, True])
def test_one_that_is_moved_by_shutting_it_down_is_planned_so_with_its_reason(force: bool) -> None:
    rules = Rules(stop_blocked=force, force_stop=force)
    (move,) = plan_flush(three_nodes(a_vm(1, migration_method="shutdown")), "hv1", rules).steps
    assert isinstance(move, Move) and move.target in ("hv2", "hv3")
    assert "shut down here and started there" in move.reason and move.then_stop is force


def test_a_failed_target_is_not_tried_again() -> None:
    rules = Rules(tried={uuid_of(1): {"hv2": FAILED}})
    (move,) = plan_flush(three_nodes(a_vm(1)), "hv1", rules).steps
    assert isinstance(move, Move) and move.target == "hv3"


def test_a_vm_that_failed_everywhere_is_left_with_what_failed() -> None:
    rules = Rules(tried={uuid_of(1): {"hv2": FAILED, "hv3": FAILED}})
    (left,) = plan_flush(three_nodes(a_vm(1)), "hv1", rules).left
    assert left.code == "MIGRATION_FAILED" and left.message == "hv2: it broke; hv3: it broke"


def test_a_vm_that_was_given_up_stays_given_up() -> None:
    gone = Left(uuid_of(1), "vm1", "hv1", "CANCELLED", "was cancelled", "Again.")
    plan = plan_flush(three_nodes(a_vm(1), a_vm(2)), "hv1", Rules(given_up={uuid_of(1): gone}))
    assert plan.left == (gone,)
    assert [step.vm for step in plan.steps] == ["vm2"]


def test_the_only_good_target_being_home_it_goes_home() -> None:
    cluster = a_cluster(
        [a_node("hv1"), a_node("hv2", state=NodeState.FLUSHING), a_node("hv3", state=NodeState.FLUSHED)],
        [a_vm(1, "hv2", previous_node="hv1")],
    )
    (move,) = plan_flush(cluster, "hv2", Rules()).steps
    assert isinstance(move, Move) and (move.target, move.reason) == ("hv1", "it is its home")


def test_what_is_left_on_a_large_cluster_fits_into_a_record() -> None:
    """Fifty nodes, none with room for any of a hundred VMs."""
    others = [a_node(f"hv{number}", memory=4096) for number in range(2, 51)]
    vms = [a_vm(number, memory=4096) for number in range(100)]
    vms += [a_vm(number + 100, f"hv{number}", memory=64) for number in range(2, 51)]
    cluster = a_cluster([a_node("hv1", memory=500_000, state=NodeState.FLUSHING), *others], vms)
    left = plan_flush(cluster, "hv1", Rules()).left
    assert len(left) == 100 and "and 43 more" in left[0].message and "and 43 more" in left[0].remedy
    assert sum(len(repr(item)) for item in left) < MAX_VALUE_BYTES / 2


def test_an_empty_node_needs_nothing() -> None:
    plan = plan_flush(three_nodes(), "hv1", Rules())
    assert (plan.steps, plan.left) == ((), ())
