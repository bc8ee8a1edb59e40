"""Accepting a request: checked, then in the store, and only then answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pvc_core.config import Config
from pvc_core.errors import Conflict, InvalidRequest, NotFound, StoreConflict, SubsystemOff
from pvc_core.model.job import Job, JobState
from pvc_core.model.operations import Operation
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.look import load_vm, unfinished_jobs
from pvc_core.store.port import Op
from pvc_tasks.cancel_request import plan_requests, request_cancel
from pvc_tasks.handler import Admission, ImmediateHandler
from pvc_tasks.ids import digest
from pvc_tasks.joblocks import plan_inherit_locks, plan_line_up
from pvc_tasks.registry import handler_of, job_handler_of
from pvc_tasks.submit import Asker, plan_job
from pvc_tasks.world import World

T = TypeVar("T")

TRIES = 20
DAY_S = 86_400


@dataclass(frozen=True)
class Request:
    """What is carried out, and the digest of what was asked: a VM that was named is its UUID from here on."""

    operation: Operation
    who: Asker
    asked: str


@dataclass(frozen=True)
class Submitter:
    world: World

    def submit(self, operation: Operation, who: Asker) -> Job:
        """The accepted job; already finished where the operation is immediate.

        The same idempotency key answers with the same job, or InvalidRequest when it asks for something
        else.
        """
        check_subsystem(operation, self.world.config)
        try:
            return self._submit(operation, who)
        except (Conflict, NotFound):
            # What was read may be older than what the asker was told a moment ago: no is said twice.
            self.world.store.home.sync()
            return self._submit(operation, who)

    def _submit(self, operation: Operation, who: Asker) -> Job:
        return insist(lambda: self._earlier(operation, who) or self._accept(operation, who))

    def _accept(self, operation: Operation, who: Asker) -> Job:
        request = Request(with_uuid(self.world.store, operation), who, _digest(operation))
        handler = handler_of(operation.name)
        return (
            self._apply(handler, request) if isinstance(handler, ImmediateHandler) else self._enqueue(request)
        )

    def _earlier(self, operation: Operation, who: Asker) -> Job | None:
        key = _key(who)
        mark = None if key is None else self.world.store.find(tree.idempotency_ref(key))
        if mark is None:
            return None
        job = self.world.store.load(tree.job_ref(mark.value.job)).value
        same = (job.operation, job.fields) == (operation.name, operation.fields())
        if not (same or mark.value.asked == _digest(operation)):
            raise InvalidRequest(
                f"that idempotency key was used for task {job.id}, which asked for something else",
                "Use a new key for a new request.",
            )
        return job

    def _enqueue(self, request: Request) -> Job:
        handler = job_handler_of(request.operation.name)
        admission = handler.admit(request.operation, self.world)
        if admission.already:
            # As with no: what would change that may have been accepted elsewhere a moment ago.
            self.world.store.home.sync()
            admission = handler.admit(request.operation, self.world)
        job = self._record(
            request,
            queue=admission.queue,
            about=admission.about,
            objects=admission.objects,
            locks=admission.locks,
        )
        if admission.already:
            return self._end_at_once(request, job, admission.already)
        self._supersede(request, job, admission)
        self.world.hints.ring(job.id, job.queue, job.operation)
        return job

    def _supersede(self, request: Request, job: Job, admission: Admission) -> None:
        """They are asked to end in the commit that accepts the job, since its answer may be lost; those that
        have begun nothing end here and now."""
        who, losers = Asker(job.actor, reason=f"superseded by task {job.id}"), admission.supersedes
        ends = plan_requests(self.world, losers, who)
        self._create(request, job, *admission.turn, *self._in_line(job, losers), *ends)
        for other in losers:
            loser = request_cancel(self.world, other, who)
            self.world.hints.ring(loser.id, loser.queue, loser.operation)

    def _in_line(self, job: Job, losers: Sequence[str]) -> tuple[Op, ...]:
        """Its place behind what was asked of the same VM before; or that of the job that makes way for it.

        Only of VMs: what waits for a node's worker must not hold meanwhile what others need.
        """
        store, subjects = self.world.store, [name for name in job.objects[:1] if name.startswith("vm:")]
        inherited = plan_inherit_locks(store, job, losers)
        if inherited or not subjects:
            return inherited
        earlier = [seen for seen in unfinished_jobs(store, subjects[0]) if seen.value.id not in losers]
        return plan_line_up(store, job, earlier, job.created)

    def _end_at_once(self, request: Request, job: Job, text: str) -> Job:
        now = self.world.clock.now()
        ended = job.but(queue="none", state=JobState.SUCCEEDED, text=text, started=now, finished=now)
        self._create(request, ended)
        self.world.audit(ended)
        return ended

    def _apply(self, handler: ImmediateHandler[Any], request: Request) -> Job:
        applied = handler.apply(request.operation, self.world)
        now = self.world.clock.now()
        job = self._record(request, queue="none", about=applied.about, objects=applied.objects).but(
            state=JobState.SUCCEEDED,
            text=applied.text,
            result=dict(applied.result),
            started=now,
            finished=now,
        )
        self._create(request, job, *applied.ops)
        self.world.audit(job)
        return job.but(result={**applied.result, **applied.secret})

    def _record(self, request: Request, **more: Any) -> Job:
        now, who = self.world.clock.now(), request.who
        return Job(
            id=self.world.new_id(now),
            operation=request.operation.name,
            fields=request.operation.fields(),
            actor=who.actor,
            source=who.source,
            reason=who.reason,
            created=now,
            deadline=now + max(self.world.config.jobs.deadline_s, request.operation.least_days * DAY_S),
            idempotency=_key(who),
            **more,
        )

    def _create(self, request: Request, job: Job, *ops: Any) -> None:
        self.world.store.commit(*ops, *plan_job(self.world.store, job, request.asked).ops)


def check_subsystem(operation: Operation, config: Config) -> None:
    """Raises SubsystemOff."""
    name = operation.subsystem
    if name is not None and not getattr(config.subsystems, name):
        raise SubsystemOff(f"{operation.name}: the subsystem {name} is off in this cluster", subsystem=name)


def with_uuid(store: Store, operation: Operation) -> Operation:
    """The VM that it names, by what stays: its name may be another's by the time it is done.

    Raises NotFound.
    """
    reference = getattr(operation, "vm", None)
    if reference is None:
        return operation
    return operation.model_copy(update={"vm": load_vm(store, reference).value.uuid})


def _digest(operation: Operation) -> str:
    return digest(operation.name, json.dumps(operation.fields(), sort_keys=True))


def _key(who: Asker) -> str | None:
    return None if who.idempotency_key is None else digest(who.actor, who.idempotency_key)


def insist(attempt: Callable[[], T]) -> T:
    """Look again and decide again when somebody else was faster."""
    for _ in range(TRIES):
        try:
            return attempt()
        except StoreConflict as error:
            last = error
    raise Conflict("the cluster changes too fast for this request", "Try again.") from last
