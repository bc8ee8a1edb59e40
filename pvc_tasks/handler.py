"""What an operation's module provides, and what it works with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from pvc_core.errors import WrongState
from pvc_core.model.operations import Operation
from pvc_core.model.views import PlanView
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.outcome import Outcome, Rest
from pvc_tasks.world import World

O = TypeVar("O", bound=Operation)  # noqa: E741


@dataclass(frozen=True)
class Admission:
    """Where an accepted request goes, whom it is about, what it must hold before its first step."""

    queue: str
    about: str
    objects: tuple[str, ...]
    locks: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    """Unfinished jobs that this one makes pointless; they are cancelled."""
    already: str = ""
    """It is so already: the job has ended well before it began."""
    turn: tuple[Op, ...] = ()
    """Committed with the job: of two that are admitted at once, the later one looks again."""


@dataclass(frozen=True)
class Applied:
    """What an immediate operation changes; committed together with its finished job."""

    text: str
    about: str
    objects: tuple[str, ...]
    ops: tuple[Op, ...]
    result: Mapping[str, Any] = field(default_factory=dict)
    secret: Mapping[str, Any] = field(default_factory=dict)
    """Joins the result in the answer, and is stored nowhere."""


class Handler(ABC, Generic[O]):
    """One kind of job. Instances keep nothing: the record and the world are all there is."""

    operation: ClassVar[type[Operation]]

    @abstractmethod
    def admit(self, asked: O, world: World) -> Admission:
        """Whether the request can be accepted as things stand; raises the PvcError that says why not."""

    def locks(self, asked: O, world: World) -> Collection[str]:
        """What it must hold besides, by how things stand right before its first step.

        For what its admission could not see, or what has changed since.
        """
        return ()

    @abstractmethod
    def step(self, asked: O, ctx: Context) -> Outcome:
        """Look, do one thing, record it. Re-entrant: it may have died anywhere in an earlier call."""

    def rest(self, asked: O, ctx: Context) -> Outcome:
        """Bring what is under way to rest, because the job was cancelled or its time is over.

        Answers Hold or Wait until it is, then Rest; or Done when the job turns out to be done.
        """
        return Rest("nothing was under way", self.leave(asked, ctx.world, ctx.job.notes, ctx.job.id))

    def leave(self, asked: O, world: World, notes: Mapping[str, Any], job: str) -> tuple[Op, ...]:
        """What makes the records true when the job ends early; the state tree only."""
        return ()

    def plan(self, asked: O, world: World) -> PlanView:
        raise WrongState(f"{asked.name} has no plan to show")


class ImmediateHandler(ABC, Generic[O]):
    """An operation that only touches the state tree."""

    operation: ClassVar[type[Operation]]

    @abstractmethod
    def apply(self, asked: O, world: World) -> Applied:
        """Look and say what to change; called again when that conflicts."""


AnyHandler = Handler[Any] | ImmediateHandler[Any]
