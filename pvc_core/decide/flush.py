"""How a node is emptied, and how its VMs come home again.

Both plans are made anew whenever something changed, from what the records say now: an interrupted flush
is resumed by nothing else than planning it again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pvc_core.decide.placement import Choice, Refusal, Refused, decide_node, refuse
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import MigrationMethod, VmSpec, Wanted


@dataclass(frozen=True)
class Move:
    """Live-migrate a VM."""

    uuid: str
    vm: str
    source: str
    target: str
    reason: str


@dataclass(frozen=True)
class Stop:
    """Shut a VM down because it has nowhere to go and its admin allowed it."""

    uuid: str
    vm: str
    node: str
    reason: str
    then_stop: bool
    restart: bool


@dataclass(frozen=True)
class Start:
    """Start a VM again that a flush had to stop."""

    uuid: str
    vm: str
    node: str
    reason: str


@dataclass(frozen=True)
class Left:
    """A VM that stays where it is: why, and what would help."""

    uuid: str
    vm: str
    node: str
    code: str
    message: str
    remedy: str


PlannedStep = Move | Stop | Start


@dataclass(frozen=True)
class NodePlan:
    """What a flush or unflush would do from here on."""

    node: str
    steps: tuple[PlannedStep, ...] = ()
    left: tuple[Left, ...] = ()


NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """What a request allows and what is known of earlier attempts.

    `tried` holds, by UUID, the nodes a migration to which has failed, and how; `given_up` the VMs not to be
    tried again; `busy` those a child of this job is at work on.
    """

    stop_blocked: bool = False
    force_stop: bool = False
    tried: Mapping[str, Mapping[str, Refusal]] = field(default_factory=dict)
    given_up: Mapping[str, Left] = field(default_factory=dict)
    busy: Collection[str] = NOTHING


def plan_flush(cluster: Cluster, node: str, rules: Rules) -> NodePlan:
    """Every VM that runs on the node is moved, stopped if its admin allowed that, or named as left.

    The largest go first: they are the hardest to place.
    """
    steps: list[PlannedStep] = []
    left: list[Left] = []
    for vm in sorted(_to_leave(cluster, node, rules), key=lambda vm: (-vm.memory_mib, vm.name)):
        step = rules.given_up.get(vm.uuid) or _plan_leaving(cluster, vm, rules)
        if isinstance(step, Left):
            left.append(step)
            continue
        steps.append(step)
        if isinstance(step, Move):
            cluster = cluster.with_vms([vm.but(moving_to=step.target)])
    return NodePlan(node, tuple(steps), tuple(left))


def _to_leave(cluster: Cluster, node: str, rules: Rules) -> list[VmSpec]:
    return [
        vm
        for vm in cluster.vms_on(node)
        if vm.state is Wanted.START and vm.moving_to is None and vm.uuid not in rules.busy
    ]


def _plan_leaving(cluster: Cluster, vm: VmSpec, rules: Rules) -> PlannedStep | Left:
    if vm.migration_method is not MigrationMethod.LIVE:
        refused: Refused | Refusal = Refusal(
            "MIGRATION_METHOD",
            f"its migration method is {vm.migration_method}",
            f"Shut it down (`pvc vm shutdown {vm.name}`), or flush with --on-blocked shutdown.",
        )
        return _plan_blocked(vm, rules, refused)
    choice = decide_node(cluster, vm, without={vm.node}, known=rules.tried.get(vm.uuid, {}))
    if isinstance(choice, Choice):
        return Move(vm.uuid, vm.name, vm.node, choice.node, choice.reason)
    return _plan_blocked(vm, rules, choice)


def _plan_blocked(vm: VmSpec, rules: Rules, why: Refused | Refusal) -> Stop | Left:
    if vm.autorestart or rules.stop_blocked:
        allowed = "its autorestart allows it" if vm.autorestart else "--on-blocked asks for it"
        reason = f"it has nowhere to go ({why.message}) and {allowed}"
        return Stop(vm.uuid, vm.name, vm.node, reason, rules.force_stop, vm.autorestart)
    return Left(vm.uuid, vm.name, vm.node, why.code, why.message, why.remedy)


def plan_ready(cluster: Cluster, node: str, rules: Rules) -> NodePlan:
    """Bring home what was migrated away from the node, and start what a flush stopped there.

    To be asked of a snapshot in which the node is ready.
    """
    steps: list[PlannedStep] = []
    left: list[Left] = []
    for vm in sorted(cluster.vms.values(), key=lambda vm: vm.name):
        step = None if vm.uuid in rules.busy else _plan_return(cluster, node, vm, rules)
        if isinstance(step, Left):
            left.append(step)
        elif step is not None:
            steps.append(step)
            cluster = cluster.with_vms([_returned(vm, step)])
    return NodePlan(node, tuple(steps), tuple(left))


def _plan_return(cluster: Cluster, node: str, vm: VmSpec, rules: Rules) -> Move | Start | Left | None:
    away = vm.previous_node == node and vm.state is Wanted.START and vm.moving_to is None
    stopped = vm.restart_on_ready == node and vm.state is Wanted.STOP
    if not away and not stopped:
        return None
    if vm.uuid in rules.given_up:
        return rules.given_up[vm.uuid]
    refusal = refuse(cluster, vm, node)
    if refusal is not None:
        return Left(vm.uuid, vm.name, vm.node, refusal.code, refusal.message, refusal.remedy)
    if stopped:
        return Start(vm.uuid, vm.name, node, "a flush of this node stopped it")
    if vm.migration_method is not MigrationMethod.LIVE:
        method = f"its migration method is {vm.migration_method}"
        return Left(vm.uuid, vm.name, vm.node, "MIGRATION_METHOD", method, "Move it by hand when it suits.")
    return Move(vm.uuid, vm.name, vm.node, node, "this is its home")


def _returned(vm: VmSpec, step: PlannedStep) -> VmSpec:
    if isinstance(step, Move):
        return vm.but(moving_to=step.target)
    return vm.but(state=Wanted.START, node=step.node)
