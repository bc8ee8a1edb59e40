"""Flagging a job to be cancelled; its worker brings it to rest."""

from __future__ import annotations

from pvc_core.errors import Conflict, StoreConflict
from pvc_core.model.job import CancelRequest, Job, JobState
from pvc_core.store import tree
from pvc_tasks.submit import Asker
from pvc_tasks.world import World

TRIES = 20


def request_cancel(world: World, job_id: str, who: Asker) -> Job:
    """Flag the job, unless it has ended, and answer with it; the worker brings it to rest."""
    for _ in range(TRIES):
        seen = world.store.load(tree.job_ref(job_id))
        if seen.value.state.finished or seen.value.cancel is not None:
            return seen.value
        job = flagged(seen.value, who, world.clock.now())
        try:
            world.store.commit(seen.save(job))
        except StoreConflict:
            continue
        return job
    raise Conflict(f"task {job_id} changes too fast to be cancelled", "Try again.")


def flagged(job: Job, who: Asker, now: float) -> Job:
    request = CancelRequest(actor=who.actor, at=now, reason=who.reason)
    why = f" ({who.reason})" if who.reason else ""
    return job.logged(now, f"cancel requested by {who.actor}{why}").but(
        cancel=request, state=JobState.CANCELLING
    )
