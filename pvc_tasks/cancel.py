"""Ending a job from outside: by an operator's cancel, or because its deadline passed with nobody there.

At once where nothing was begun, by request to the worker where something is under way.
"""

from __future__ import annotations

from contextlib import suppress

from pvc_core.errors import JobExpired, StoreConflict, WrongState
from pvc_core.model.job import Job, JobState
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_tasks.cancel_request import flagged, request_cancel
from pvc_tasks.children import cancel_orphans
from pvc_tasks.consumers import find_worker, nobody_there
from pvc_tasks.handling import leave
from pvc_tasks.outcome import Fail
from pvc_tasks.recording import end_of
from pvc_tasks.settle import End, settle
from pvc_tasks.submit import Asker
from pvc_tasks.world import World


def cancel_job(world: World, job_id: str, who: Asker, force: bool = False) -> Job:
    """Cancel as an operator asks: raises WrongState for a job that has ended.

    A job that nobody has begun is settled here and now. `force` settles, by the records alone, one whose
    worker is gone or was asked before and cannot bring it to rest; what was under way on that node is then
    unknown, and the job says so.
    """
    seen = world.store.load(tree.job_ref(job_id))
    if seen.value.state.finished:
        raise WrongState(f"task {job_id} has ended already: {seen.value.state}", "Nothing to do.")
    if force and seen.value.begun:
        return _settle_by_force(world, seen, who)
    job = request_cancel(world, job_id, who)
    world.hints.ring(job.id, job.queue, job.operation)
    return job


def _settle_by_force(world: World, seen: Seen[Job], who: Asker) -> Job:
    """Nobody is left to bring its children to rest, so they are asked for it too."""
    there = find_worker(world.store, seen.value)
    if there and seen.value.cancel is None:
        raise WrongState(
            f"{there} is there; it brings the task to rest itself",
            f"Cancel without --force, and follow it with `pvc task wait {seen.value.id}`.",
        )
    why = f"{there} could not bring it to rest" if there else nobody_there(seen.value.queue)
    text = f"cancelled by {who.actor}: {why}; what was under way there is unknown"
    job = flagged(seen.value, who, world.clock.now())
    ended = settle(world, seen, job, End(JobState.CANCELLED, text, {}, None, leave(world, job)))
    for child in cancel_orphans(world, ended):
        with suppress(WrongState, StoreConflict):
            cancel_job(world, child.id, Asker(f"task {ended.id}"), force=True)
    return ended


def expire_job(world: World, seen: Seen[Job]) -> Job:
    """Settle a job whose deadline passed while the worker of its queue is gone; raises StoreConflict."""
    doing = f" while: {seen.value.text}" if seen.value.text else ""
    error = JobExpired(f"its deadline passed{doing}; {nobody_there(seen.value.queue)}")
    end = end_of(seen.value, Fail(error, leave(world, seen.value)))
    return settle(world, seen, seen.value, end)
