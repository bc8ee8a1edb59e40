"""`advance`: the only way a job moves.

It keeps nothing between calls: it reads the record, claims it, lets the handler look and do one thing,
and commits. Called too often, twice at once, or again after a crash, the effect is that of one call.
"""

from __future__ import annotations

import logging

from pvc_core.decide.due import is_due, look_again_at
from pvc_core.errors import (
    InternalFault,
    PvcError,
    StoreConflict,
    StoreTooLarge,
    StoreUnavailable,
)
from pvc_core.model.job import Job, JobState
from pvc_core.store import tree
from pvc_core.store.port import Create, Delete
from pvc_tasks.children import cancel_orphans
from pvc_tasks.claims import take_claim
from pvc_tasks.context import Context
from pvc_tasks.handling import NotKnownHere, find_handler, leave
from pvc_tasks.joblocks import plan_take_locks, stands_as_before
from pvc_tasks.outcome import Again, Done, Fail, Hold, Outcome, Reroute, Rest, Wait
from pvc_tasks.recording import end_of, waiting_for
from pvc_tasks.relocking import renew_locks
from pvc_tasks.settle import End, plan_end, ring_after
from pvc_tasks.world import Executor, World

log = logging.getLogger(__name__)

MAX_STEPS = 200
"""In one call; beyond that the job is left to the next sweep, so that no job starves the others."""

RETRY_S = 2.0
UNKNOWN_S = 10.0
"""Between two looks at a job that this version does not know."""
MAX_FAULTS = 5
"""Unforeseen errors in a row after which a job fails instead of trying again."""


class Engine:
    def __init__(self, world: World, me: Executor) -> None:
        self.world = world
        self.me = me

    def advance(self, job_id: str, woken: bool = True) -> None:
        """Take the steps a job can take now; `woken` says that something happened to it.

        Raises StoreUnavailable when the store cannot be reached; the job is then found by a later sweep.
        """
        seen = self.world.store.find(tree.job_ref(job_id))
        if seen is None or seen.value.state.finished:
            self._drop_work(job_id)
            return
        # Woken late for a job that has gone on to another node: what it does there cannot be seen from here.
        if seen.value.queue not in self.me.queues:
            return
        if not (woken or self._wants_a_look(seen.value)):
            return
        claimed = take_claim(self.world.store, seen, self.me)
        if claimed is not None:
            claim, fresh = claimed
            self._run(Context(self.world, self.me, claim, fresh, fresh.value))

    def _wants_a_look(self, job: Job) -> bool:
        """To claim a job costs two commits; most of those found by a sweep just stand in line."""
        now = self.world.clock.now()
        if not is_due(job, now, self.me.node):
            return False
        over = job.cancel is not None or now >= job.deadline
        return over or not stands_as_before(self.world.store, job)

    def _drop_work(self, job_id: str) -> None:
        """It was ended from outside."""
        self.me.works.stop(job_id)
        self.me.works.forget(job_id)

    def _run(self, ctx: Context) -> None:
        for _ in range(MAX_STEPS):
            self.me.stepping(ctx.job.id)
            try:
                if self._finish(ctx, self._step(ctx)):
                    return
            except StoreConflict:
                if not ctx.reload():
                    ctx.abandon()
                    return
            except StoreTooLarge as error:
                if ctx.reload():
                    self._finish(ctx, self._failed(ctx, error))
                return
        ctx.release()
        self.me.bell(ctx.job.id)

    def _step(self, ctx: Context) -> Outcome:
        """One step's outcome, whatever happens in it."""
        try:
            outcome = self._decide(ctx)
        except (StoreConflict, StoreUnavailable):
            raise
        except PvcError as error:
            return self._named_failure(ctx, error)
        except Exception as error:
            log.exception("task %s: unforeseen error", ctx.job.id)
            return self._fault(ctx, error)
        if ctx.job.faults:
            ctx.change(faults=0)
        return outcome

    def _decide(self, ctx: Context) -> Outcome:
        try:
            handler, asked = find_handler(ctx.job)
        except NotKnownHere as unknown:
            return self._leave_to_others(ctx, unknown)
        if ctx.job.cancel is not None or ctx.now >= ctx.job.deadline:
            return handler.rest(asked, ctx)
        blocked = self._take_locks(ctx)
        if blocked is not None:
            return blocked
        if not ctx.job.begun and renew_locks(ctx, handler.locks(asked, ctx.world)):
            return Again()
        if ctx.job.state is not JobState.RUNNING:
            ctx.change(state=JobState.RUNNING, waiting=None, started=ctx.job.started or ctx.now)
        return handler.step(asked, ctx)

    def _leave_to_others(self, ctx: Context, unknown: NotKnownHere) -> Wait | Rest:
        """Until its deadline a worker may come that knows it: often this one's next version."""
        if ctx.now >= ctx.job.deadline:
            return Rest(f"{unknown.message}, so what was under way is unknown")
        text = f"{unknown.message}; waits for a worker that does"
        until = ctx.now + UNKNOWN_S
        return Wait("node", self.me.node, text, until=until, others_first=self._is_shared(ctx.job))

    def _is_shared(self, job: Job) -> bool:
        return job.queue != tree.node_queue(self.me.node)

    def _take_locks(self, ctx: Context) -> Wait | None:
        taken = plan_take_locks(ctx.store, ctx.job, ctx.now)
        ctx.taking = taken.ops
        return taken.blocked

    def _named_failure(self, ctx: Context, error: PvcError) -> Outcome:
        if error.retryable and ctx.now < ctx.job.deadline:
            return self._retry(ctx, error)
        return self._failed(ctx, error)

    def _retry(self, ctx: Context, error: PvcError) -> Wait:
        """On a queue that others share they have the next turn: they may reach what this node does not."""
        return Wait(
            "time",
            self.me.node,
            f"{error.message}; trying again",
            until=ctx.now + RETRY_S,
            others_first=self._is_shared(ctx.job),
        )

    def _fault(self, ctx: Context, error: Exception) -> Outcome:
        ctx.change(faults=ctx.job.faults + 1)
        fault = InternalFault(f"{ctx.job.operation} met an unforeseen error: {type(error).__name__}")
        if ctx.job.faults >= MAX_FAULTS:
            return self._failed(ctx, fault)
        return self._retry(ctx, fault)

    def _failed(self, ctx: Context, error: PvcError) -> Fail:
        ctx.ops.clear()
        return Fail(error, leave(self.world, ctx.job))

    def _finish(self, ctx: Context, outcome: Outcome) -> bool:
        """Commit what the step came to; False when there is another step to take at once."""
        match outcome:
            case Again():
                return False
            case Hold(until=until):
                ctx.change(state=_unless_cancelling(ctx.job, JobState.RUNNING), waiting=None)
                ctx.release()
                if until is not None:
                    self.me.alarm(ctx.job.id, until)
            case Wait():
                self._wait(ctx, outcome)
            case Reroute(queue=queue, text=text):
                self._reroute(ctx, queue, text)
            case Done() | Fail() | Rest():
                self._end(ctx, end_of(ctx.job, outcome))
        return True

    def _wait(self, ctx: Context, wait: Wait) -> None:
        waiting = waiting_for(ctx.job, wait, ctx.now)
        ctx.log(wait.text)
        ctx.change(state=_unless_cancelling(ctx.job, JobState.WAITING), waiting=waiting)
        ctx.release()
        again = look_again_at(ctx.job, self.me.node)
        if again is not None:
            self.me.alarm(ctx.job.id, again)

    def _reroute(self, ctx: Context, queue: str, text: str) -> None:
        old = f"{tree.queue_path(ctx.job.queue)}/{ctx.job.id}"
        ctx.log(text)
        ctx.change(queue=queue, state=_unless_cancelling(ctx.job, JobState.QUEUED), waiting=None)
        folder = tree.queue_path(queue)
        missing = () if ctx.store.home.read([folder])[0] else (Create(folder),)
        ctx.release(Delete(old), *missing, Create(f"{folder}/{ctx.job.id}"))
        ctx.ring(ctx.job)

    def _end(self, ctx: Context, end: End) -> None:
        if ctx.taking:
            ctx.save()
        plan = plan_end(ctx.store, ctx.job, end, ctx.now)
        ctx.job = plan.job
        ctx.release(*plan.ops)
        self.me.unwatch(plan.job.id)
        self.me.works.forget(plan.job.id)
        self.world.audit(plan.job)
        if plan.job.state is JobState.FAILED:
            cancel_orphans(self.world, plan.job)
        for job in ring_after(ctx.store, plan):
            ctx.ring(job)


def _unless_cancelling(job: Job, state: JobState) -> JobState:
    return JobState.CANCELLING if job.cancel is not None else state
