"""How the VMs of a node come home again; planned anew on every look, as a flush is."""

from __future__ import annotations

from dataclasses import replace

from pvc_core.decide.node_plan import Left, Move, NodePlan, PlannedStep, Rules, Start, may_move, move_of
from pvc_core.decide.placement import refuse
from pvc_core.decide.swap import Room, make_room
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted

NO_MEMORY = "NOT_ENOUGH_MEMORY"


def plan_ready(cluster: Cluster, node: str, rules: Rules) -> NodePlan:
    """Bring home what was migrated away from the node, and start what a flush stopped there.

    To be asked of a snapshot in which the node is ready.
    """
    steps: list[PlannedStep] = []
    left: list[Left] = []
    later: list[PlannedStep] = []
    for vm in sorted(cluster.vms.values(), key=lambda vm: vm.name):
        step = None if vm.uuid in rules.busy else _plan_return(cluster, node, vm, rules)
        room = _make_room(cluster, node, vm, step, rules)
        if room is not None:
            moves = [move_of(one.vm, one.target, one.reason, rules) for one in room.detours]
            steps.extend(moves)
            later.extend([_come_back(vm, node, rules), *_go_home_then(room, rules)])
            cluster = cluster.with_vms([one.vm.but(moving_to=one.target) for one in room.detours])
        elif isinstance(step, Left):
            left.append(_without_room(step, node))
        elif step is not None:
            steps.append(step)
            cluster = cluster.with_vms([_returned(vm, step)])
    return NodePlan(node, tuple(steps), tuple(left), tuple(later))


def _make_room(
    cluster: Cluster, node: str, vm: VmSpec, step: Move | Start | Left | None, rules: Rules
) -> Room | None:
    """For one that only lacks memory at home, where others are away from theirs."""
    if not isinstance(step, Left) or step.code != NO_MEMORY or vm.uuid in {*rules.given_up, *rules.parked}:
        return None
    return make_room(cluster, node, vm, {*rules.busy, *rules.given_up, *rules.parked})


def _without_room(left: Left, node: str) -> Left:
    if left.code != NO_MEMORY:
        return left
    return replace(left, message=f"{left.message}, and no VM that is away from home on {node} can make room")


def _go_home_then(room: Room, rules: Rules) -> list[PlannedStep]:
    """Those that wait on a third node."""
    waiting = [one for one in room.detours if one.target != one.vm.home]
    reason = "this is its home, once there is room"
    return [move_of(one.vm.but(node=one.target), one.vm.home, reason, rules) for one in waiting]


def _come_back(vm: VmSpec, node: str, rules: Rules) -> PlannedStep:
    if vm.state is Wanted.START:
        return move_of(vm, node, "this is its home, once there is room", rules)
    return Start(vm.uuid, vm.name, node, "a flush of this node stopped it; once there is room")


def _plan_return(cluster: Cluster, node: str, vm: VmSpec, rules: Rules) -> Move | Start | Left | None:
    if vm.uuid in rules.parked and vm.previous_node is not None:
        node = vm.previous_node
    away = vm.previous_node == node and vm.state is Wanted.START and vm.moving_to is None
    stopped = vm.restart_on_ready is not None and vm.state is Wanted.STOP
    stopped = stopped and node in (vm.restart_on_ready, vm.home)
    if not away and not stopped:
        return None
    if vm.uuid in rules.given_up:
        return rules.given_up[vm.uuid]
    refusal = refuse(cluster, vm, node)
    if refusal is not None:
        return Left(vm.uuid, vm.name, vm.node, refusal.code, refusal.message, refusal.remedy)
    if stopped:
        here = vm.restart_on_ready == node
        why = "this node stopped it" if here else f"{vm.restart_on_ready} stopped it, and this is its home"
        return Start(vm.uuid, vm.name, node, f"a flush of {why}")
    if not may_move(vm):
        method = f"its migration method is {vm.migration_method}"
        return Left(vm.uuid, vm.name, vm.node, "MIGRATION_METHOD", method, "Move it by hand when it suits.")
    return move_of(vm, node, "this is its home", rules)


def _returned(vm: VmSpec, step: PlannedStep) -> VmSpec:
    if isinstance(step, Move):
        return vm.but(moving_to=step.target)
    return vm.but(state=Wanted.START, node=step.node)
