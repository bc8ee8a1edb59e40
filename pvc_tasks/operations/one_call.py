"""What is done by a call or two to the storage: once made, only the storage knows what came of it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

from pvc_core.errors import StorageUnavailable
from pvc_core.model.operations import Operation
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import StorageHandler
from pvc_tasks.outcome import Done, Outcome, Rest

S = TypeVar("S", bound=Operation)


class OneCallHandler(StorageHandler[S]):
    @abstractmethod
    def words(self, asked: S) -> tuple[str, str]:
        """What is said of it once that was done, and as long as it was not."""

    @abstractmethod
    def is_so(self, asked: S, ctx: Context) -> bool:
        """Whether the storage shows it to be done; of a job that has begun."""

    @abstractmethod
    def facts(self, asked: S) -> dict[str, object]:
        """The result."""

    def begin(self, asked: S, ctx: Context, stage: str) -> None:
        """Look once more, before the first call."""
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            self.note_act(ctx, stage)

    def note_act(self, ctx: Context, stage: str) -> None:
        """Put on record that it acts from now on."""
        if not ctx.job.begun:
            ctx.change(stage=stage)
            ctx.save()

    def done(self, asked: S) -> Done:
        return Done(f"{self.about(asked)} {self.words(asked)[0]}", self.facts(asked))

    def rest(self, asked: S, ctx: Context) -> Outcome:
        """A call whose answer was lost may have had its effect; a silent storage is not waited for."""
        name, (done, otherwise) = self.about(asked), self.words(asked)
        if not ctx.job.begun:
            return Rest("nothing was done")
        try:
            so = self.is_so(asked, ctx)
        except StorageUnavailable:
            return Rest(f"the storage is silent: it may be that {name} {done}")
        return self.done(asked) if so else Rest(f"{name} {otherwise}")
