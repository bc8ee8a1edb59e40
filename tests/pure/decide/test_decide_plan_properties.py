"""What holds for every plan of every cluster."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from decide_builders import carried_out, clusters, essence, promised_mib, under_way
from hypothesis import assume, given
from hypothesis import strategies as st

from pvc_core.decide.flush import plan_flush
from pvc_core.decide.node_plan import Move, NodePlan, PlannedStep, Rules
from pvc_core.decide.ready import plan_ready
from pvc_core.model.node import NodeState
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import Wanted

READY = clusters(NodeState.READY)
RULES = st.builds(Rules, stop_blocked=st.booleans(), force_stop=st.booleans())


@given(clusters(), RULES)
def test_no_flush_overfills_a_node_or_uses_one_that_cannot_take_it(cluster: Cluster, rules: Rules) -> None:
    plan = plan_flush(cluster, "hv1", rules)
    for node, added in promised_mib(cluster, plan.steps).items():
        assert node != "hv1" and cluster.node(node).ready
        assert added <= cluster.free_mib(node)
    for step in plan.steps:
        if isinstance(step, Move):
            limit = cluster.vms[step.uuid].node_limit
            assert not limit or step.target in limit


def _node_of(step: PlannedStep) -> str:
    return step.target if isinstance(step, Move) else step.node


@given(READY)
def test_no_return_overfills_a_node(cluster: Cluster) -> None:
    """Others than hv1 are given only what makes room there."""
    plan = plan_ready(cluster, "hv1", Rules())
    for node, added in promised_mib(cluster, plan.steps).items():
        assert added <= cluster.free_mib(node)
    for step in plan.steps:
        assert (isinstance(step, Move) and step.source == "hv1") or _node_of(step) == "hv1"


@given(clusters(), RULES)
def test_each_running_vm_is_moved_stopped_or_named_exactly_once(cluster: Cluster, rules: Rules) -> None:
    plan = plan_flush(cluster, "hv1", rules)
    expected = [vm.uuid for vm in cluster.vms_on("hv1") if vm.state is Wanted.START]
    assert Counter(item.uuid for item in (*plan.steps, *plan.left)) == Counter(expected)
    assert all(item.code and item.message and item.remedy for item in plan.left)


@given(clusters())
def test_without_leave_from_its_admin_nothing_is_stopped(cluster: Cluster) -> None:
    for step in plan_flush(cluster, "hv1", Rules()).steps:
        assert isinstance(step, Move) or cluster.vms[step.uuid].autorestart


@given(READY)
def test_each_vm_away_from_home_is_brought_back_or_named_exactly_once(cluster: Cluster) -> None:
    plan = plan_ready(cluster, "hv1", Rules())
    away = [vm.uuid for vm in cluster.vms.values() if vm.previous_node == "hv1" and vm.state is Wanted.START]
    stopped = [vm.uuid for vm in cluster.vms.values() if vm.restart_on_ready == "hv1"]
    concerned = [item.uuid for item in (*plan.steps, *plan.later, *plan.left)]
    assert Counter(uuid for uuid in concerned if uuid in {*away, *stopped}) == Counter([*away, *stopped])


@pytest.mark.parametrize("applied", [carried_out, under_way])
@given(cluster=clusters(), rules=RULES)
def test_a_flush_interrupted_after_any_step_resumes_with_the_same_remainder(
    applied: object, cluster: Cluster, rules: Rules
) -> None:
    _check_resumes(
        cluster, plan_flush(cluster, "hv1", rules), lambda now: plan_flush(now, "hv1", rules), applied
    )


@pytest.mark.parametrize("applied", [carried_out, under_way])
@given(cluster=READY)
def test_a_return_interrupted_after_any_step_resumes_with_the_same_remainder(
    applied: object, cluster: Cluster
) -> None:
    """What can only be done later becomes a step of its own then: test_decide_swap.py."""
    plan = plan_ready(cluster, "hv1", Rules())
    assume(not plan.later)
    _check_resumes(cluster, plan, lambda now: plan_ready(now, "hv1", Rules()), applied)


def _check_resumes(cluster: Cluster, plan: NodePlan, again, applied) -> None:  # type: ignore[no-untyped-def]
    for k, step in enumerate(plan.steps):
        cluster = applied(cluster, step)
        resumed = again(cluster)
        assert essence(resumed.steps) == essence(plan.steps[k + 1 :])
        assert {item.uuid for item in resumed.left} == {item.uuid for item in plan.left}


@given(clusters(), RULES, st.randoms(use_true_random=False))
def test_the_same_cluster_in_any_order_of_reading_gives_the_same_plan(
    cluster: Cluster, rules: Rules, dice: Random
) -> None:
    nodes, vms = list(cluster.nodes.items()), list(cluster.vms.items())
    dice.shuffle(nodes)
    dice.shuffle(vms)
    shuffled = replace(cluster, nodes=dict(nodes), vms=dict(vms))
    assert plan_flush(shuffled, "hv1", rules) == plan_flush(cluster, "hv1", rules)
    assert plan_ready(shuffled, "hv1", rules) == plan_ready(cluster, "hv1", rules)
