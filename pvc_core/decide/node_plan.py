"""The words in which a flush or an unflush is planned: what is done with each VM, what is known before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pvc_core.decide.placement import Refusal
from pvc_core.model.groups import TagRule
from pvc_core.model.plan import PlannedLine
from pvc_core.model.vm import MigrationMethod, VmSpec


@dataclass(frozen=True)
class Move:
    """Move a VM, by the method that its admin chose."""

    uuid: str
    vm: str
    source: str
    target: str
    reason: str
    then_stop: bool = False
    """For a VM that is moved by shutting it down: a guest that does not obey is stopped."""
    despite: tuple[TagRule, ...] = ()
    """The rules of its tags that were set aside for this."""


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
    later: tuple[PlannedStep, ...] = ()
    """What can only be done once others have moved out of the way; planned again then."""


NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """What a request allows and what is known of earlier attempts.

    `tried` holds, by UUID, the nodes a migration to which has failed, and how; `given_up` the VMs not to be
    tried again; `busy` those a child of this job is at work on; `despite` the rules of tags set aside;
    `shown` the plan that was agreed on, from which nothing may differ; `parked` the VMs that this job has
    moved out of the way of others, and that go home when there is room.
    """

    stop_blocked: bool = False
    force_stop: bool = False
    tried: Mapping[str, Mapping[str, Refusal]] = field(default_factory=dict)
    given_up: Mapping[str, Left] = field(default_factory=dict)
    busy: Collection[str] = NOTHING
    despite: Collection[TagRule] = ()
    shown: Sequence[PlannedLine] | None = None
    parked: Collection[str] = NOTHING

    @cached_property
    def targets(self) -> Mapping[str, str]:
        """The only node for each VM of an agreed plan."""
        return {line.uuid: line.node for line in self.shown or ()}


def may_move(vm: VmSpec) -> bool:
    return vm.migration_method is not MigrationMethod.NONE


def move_of(vm: VmSpec, target: str, reason: str, rules: Rules) -> Move:
    if vm.migration_method is MigrationMethod.SHUTDOWN:
        reason = f"{reason}; it is shut down here and started there, as its migration method says"
    return Move(vm.uuid, vm.name, vm.node, target, reason, rules.force_stop, tuple(rules.despite))
