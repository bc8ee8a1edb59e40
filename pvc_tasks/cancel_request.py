"""Asking a job to end: at once if it has begun nothing, else its worker brings it to rest."""

from __future__ import annotations

from collections.abc import Sequence

from pvc_core.errors import Conflict, StoreConflict
from pvc_core.model.job import CancelRequest, Job, JobState
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.port import Op
from pvc_tasks.settle import End, settle
from pvc_tasks.submit import Asker
from pvc_tasks.world import World

TRIES = 20


def request_cancel(world: World, job_id: str, who: Asker) -> Job:
    """Settle a job that has begun nothing, flag any other, unless it has ended; and answer with it."""
    for _ in range(TRIES):
        seen = world.store.load(tree.job_ref(job_id))
        if seen.value.state.finished or (seen.value.cancel is not None and seen.value.begun):
            return seen.value
        try:
            return _ask(world, seen, who) if seen.value.begun else _settle_unbegun(world, seen, who)
        except StoreConflict:
            continue
    raise Conflict(f"task {job_id} changes too fast to be cancelled", "Try again.")


def plan_requests(world: World, jobs: Sequence[str], who: Asker) -> tuple[Op, ...]:
    """What asks jobs to end as part of another commit."""
    asked = world.store.load_present([tree.job_ref(job) for job in jobs])
    now = world.clock.now()
    return tuple(
        seen.save(flagged(seen.value, who, now))
        for seen in asked
        if seen.value.cancel is None and not seen.value.state.finished
    )


def _ask(world: World, seen: Seen[Job], who: Asker) -> Job:
    job = flagged(seen.value, who, world.clock.now())
    world.store.commit(seen.save(job))
    return job


def _settle_unbegun(world: World, seen: Seen[Job], who: Asker) -> Job:
    job = seen.value if seen.value.cancel is not None else flagged(seen.value, who, world.clock.now())
    text = f"cancelled by {who.actor}: nothing was begun"
    return settle(world, seen, job, End(JobState.CANCELLED, text, {}, None, ()))


def flagged(job: Job, who: Asker, now: float) -> Job:
    request = CancelRequest(actor=who.actor, at=now, reason=who.reason)
    why = f" ({who.reason})" if who.reason else ""
    return job.logged(now, f"cancel requested by {who.actor}{why}").but(
        cancel=request, state=JobState.CANCELLING
    )
