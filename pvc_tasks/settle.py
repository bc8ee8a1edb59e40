"""The end of a job: one commit that settles the record, frees its locks and clears its index entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pvc_core.errors import StoreUnavailable
from pvc_core.model.job import Job, JobError, JobState
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.port import Delete, Op
from pvc_tasks.joblocks import plan_release_locks
from pvc_tasks.world import World


@dataclass(frozen=True)
class End:
    """How a job ends, and what else its last commit does."""

    state: JobState
    text: str
    result: Mapping[str, Any]
    error: JobError | None
    ops: tuple[Op, ...]


@dataclass(frozen=True)
class EndPlan:
    """The settled record, the operations beside saving it, and the jobs to wake."""

    job: Job
    ops: tuple[Op, ...]
    successors: tuple[str, ...]


def plan_end(store: Store, job: Job, end: End, now: float) -> EndPlan:
    released, successors = plan_release_locks(store, job, now)
    settled = job.logged(now, f"{end.state}: {end.text}").but(
        state=end.state,
        text=end.text,
        result=dict(end.result),
        error=end.error,
        waiting=None,
        started=job.started,
        finished=now,
    )
    index = Delete(f"{tree.queue_path(job.queue)}/{job.id}")
    wake = (*successors, *((job.parent,) if job.parent else ()))
    return EndPlan(settled, (index, *end.ops, *released), wake)


def ring_after(store: Store, plan: EndPlan) -> list[Job]:
    """The jobs to wake now that the end stands; should this fail, the sweep wakes them."""
    try:
        seen = store.load_present([tree.job_ref(job) for job in plan.successors])
    except StoreUnavailable:
        return []
    return [job.value for job in seen if not job.value.state.finished]


def settle(world: World, seen: Seen[Job], job: Job, end: End) -> Job:
    """End a job from outside, by the records alone; raises StoreConflict when it moves after all."""
    plan = plan_end(world.store, job, end, world.clock.now())
    world.store.commit(seen.save(plan.job), *plan.ops)
    world.audit(plan.job)
    for other in ring_after(world.store, plan):
        world.hints.ring(other.id, other.queue, other.operation)
    return plan.job
