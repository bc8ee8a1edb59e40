"""A plan that was shown: when it still holds, and how it differs when it does not."""

from __future__ import annotations

import pytest
from decide_builders import a_cluster, a_node, a_vm, clusters, essence, uuid_of
from hypothesis import given

from pvc_core.decide.flush import plan_flush
from pvc_core.decide.node_plan import Left, Move, NodePlan, Rules, Start, Stop
from pvc_core.decide.promise import differences, hold_to, lines_of, plan_id
from pvc_core.model.snapshot import Cluster

NOW = NodePlan(
    "hv1",
    (
        Move(uuid_of(1), "vm1", "hv1", "hv2", "it has the most"),
        Stop(uuid_of(2), "vm2", "hv1", "it may", then_stop=False, restart=True),
        Start(uuid_of(3), "vm3", "hv1", "it was stopped"),
    ),
)


def with_step(*steps: Move | Stop | Start, left: tuple[Left, ...] = ()) -> NodePlan:
    return NodePlan("hv1", steps, left)


def test_the_reasons_do_not_make_another_plan() -> None:
    other = with_step(Move(uuid_of(1), "vm1", "hv1", "hv2", "it is its home"), *NOW.steps[1:])
    assert differences(lines_of(NOW), other) == ()
    assert plan_id("node.flush", "hv1", lines_of(NOW)) == plan_id("node.flush", "hv1", lines_of(other))


def test_the_order_of_steps_does_not_make_another_plan() -> None:
    turned = with_step(*reversed(NOW.steps))
    assert differences(lines_of(NOW), turned) == ()
    assert plan_id("node.flush", "hv1", lines_of(NOW)) == plan_id("node.flush", "hv1", lines_of(turned))


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            Move(uuid_of(1), "vm1", "hv1", "hv3", ""),
            "vm1 goes to hv3 now; shown was that it goes to hv2",
        ),
        (
            Stop(uuid_of(1), "vm1", "hv1", "", then_stop=True, restart=False),
            "vm1 is shut down, or else stopped now; shown was that it goes to hv2",
        ),
        (
            Left(uuid_of(1), "vm1", "hv1", "NODE_LIMIT", "not there", "-"),
            "vm1 would be left (NODE_LIMIT): not there",
        ),
        (None, "vm1 is gone: there is nothing left to do for it"),
    ],
)
def test_each_difference_is_a_sentence(step: Move | Stop | Left | None, sentence: str) -> None:
    steps = (step, *NOW.steps[1:]) if isinstance(step, Move | Stop) else NOW.steps[1:]
    now = with_step(*steps, left=(step,) if isinstance(step, Left) else ())
    assert differences(lines_of(NOW), now) == (sentence,)
    assert plan_id("node.flush", "hv1", lines_of(NOW)) != plan_id("node.flush", "hv1", lines_of(now))


def test_what_came_after_is_new() -> None:
    now = with_step(*NOW.steps, Move(uuid_of(9), "vm9", "hv1", "hv2", ""))
    assert differences(lines_of(NOW), now) == ("vm9 is new: it goes to hv2",)


def test_another_node_or_operation_is_another_plan() -> None:
    lines = lines_of(NOW)
    ids = {
        plan_id(*of, lines) for of in [("node.flush", "hv1"), ("node.flush", "hv2"), ("node.ready", "hv1")]
    }
    assert len(ids) == 3


def test_what_nobody_agreed_to_is_left() -> None:
    now = with_step(*NOW.steps[1:], Move(uuid_of(1), "vm1", "hv1", "hv3", ""))
    held = hold_to(now, lines_of(NOW))
    assert held.steps == NOW.steps[1:]
    (left,) = held.left
    assert (left.vm, left.code, left.node) == ("vm1", "PLAN_OVERTAKEN", "hv1")
    assert "goes to hv3" in left.message and left.remedy


def test_under_an_agreed_plan_a_vm_goes_nowhere_else_although_it_could() -> None:
    cluster = a_cluster([a_node("hv1"), a_node("hv2", memory=1000), a_node("hv3")], [a_vm(1, memory=500)])
    shown = lines_of(with_step(Move(uuid_of(1), "vm1", "hv1", "hv2", "")))
    (move,) = plan_flush(cluster, "hv1", Rules(shown=shown)).steps
    assert isinstance(move, Move) and (move.target, move.reason) == ("hv2", "as the plan says")
    full = cluster.with_vms([a_vm(2, "hv2", 900)])
    (left,) = plan_flush(full, "hv1", Rules(shown=shown)).left
    assert left.code == "NOT_ENOUGH_MEMORY"


@given(clusters())
def test_a_plan_that_was_shown_a_moment_ago_holds(cluster: Cluster) -> None:
    plan = plan_flush(cluster, "hv1", Rules())
    agreed = Rules(shown=lines_of(plan))
    assert differences(lines_of(plan), plan) == ()
    again = plan_flush(cluster, "hv1", agreed)
    assert essence(hold_to(again, lines_of(plan)).steps) == essence(plan.steps)
