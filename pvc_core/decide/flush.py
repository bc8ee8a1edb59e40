"""How a node is emptied.

The plan is made anew whenever something changed, from what the records say now: an interrupted flush is
resumed by nothing else than planning it again.
"""

from __future__ import annotations

from pvc_core.decide.node_plan import Left, NodePlan, PlannedStep, Rules, Stop, may_move, move_of
from pvc_core.decide.packing import hardest_first, place_all
from pvc_core.decide.placement import Choice, Refusal, Refused, Terms
from pvc_core.decide.standing import stands_still
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted


def plan_flush(cluster: Cluster, node: str, rules: Rules) -> NodePlan:
    """Every VM that runs on the node is moved, stopped if its admin allowed that, or named as left.

    The largest go first: they are the hardest to place. What belongs together goes one after another.
    """
    leaving = hardest_first(cluster, _to_leave(cluster, node, rules))
    stuck = {vm.uuid: why for vm in leaving if (why := stands_still(cluster, vm)) is not None}
    movable = [vm for vm in leaving if vm.uuid not in {*rules.given_up, *stuck} and may_move(vm)]
    found = place_all(cluster, movable, {vm.uuid: _terms(cluster, vm, rules) for vm in movable})
    each = [
        rules.given_up.get(vm.uuid) or _plan_leaving(vm, stuck.get(vm.uuid) or found.get(vm.uuid), rules)
        for vm in leaving
    ]
    steps = tuple(step for step in each if not isinstance(step, Left))
    return NodePlan(node, steps, tuple(step for step in each if isinstance(step, Left)))


def _terms(cluster: Cluster, vm: VmSpec, rules: Rules) -> Terms:
    agreed = rules.targets.get(vm.uuid)
    without = {vm.node} if agreed is None else {name for name in cluster.nodes if name != agreed}
    return Terms(without, rules.tried.get(vm.uuid, {}), despite=rules.despite)


def _to_leave(cluster: Cluster, node: str, rules: Rules) -> list[VmSpec]:
    return [
        vm
        for vm in cluster.vms_on(node)
        if vm.state is Wanted.START and vm.moving_to is None and vm.uuid not in rules.busy
    ]


def _plan_leaving(vm: VmSpec, found: Choice | Refused | Refusal | None, rules: Rules) -> PlannedStep | Left:
    if isinstance(found, Refusal) and not rules.force_stop:
        return Left(vm.uuid, vm.name, vm.node, found.code, found.message, found.remedy)
    if isinstance(found, Choice):
        reason = "as the plan says" if vm.uuid in rules.targets else found.reason
        return move_of(vm, found.node, reason, rules)
    return _plan_blocked(vm, rules, found or _refuse_to_move(vm))


def _refuse_to_move(vm: VmSpec) -> Refusal:
    return Refusal(
        "MIGRATION_METHOD",
        f"its migration method is {vm.migration_method}",
        f"Shut it down (`pvc vm shutdown {vm.name}`), or flush with --on-blocked shutdown.",
    )


def _plan_blocked(vm: VmSpec, rules: Rules, why: Refused | Refusal) -> Stop | Left:
    if vm.autorestart or rules.stop_blocked:
        allowed = _when_restarted(vm) if vm.autorestart else "--on-blocked asks for it"
        reason = f"it has nowhere to go ({why.message}) and {allowed}"
        return Stop(vm.uuid, vm.name, vm.node, reason, rules.force_stop, vm.autorestart)
    return Left(vm.uuid, vm.name, vm.node, why.code, why.message, why.remedy)


def _when_restarted(vm: VmSpec) -> str:
    ready = " or ".join(f"`node ready {node}`" for node in dict.fromkeys((vm.node, vm.home)))
    return f"its autorestart allows it: {ready} starts it again"
