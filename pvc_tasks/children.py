"""What the children of a job came to."""

from __future__ import annotations

from collections.abc import Sequence

from pvc_core.model.job import Job
from pvc_core.model.operations import Operation
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_tasks.cancel_request import request_cancel
from pvc_tasks.context import Context
from pvc_tasks.ids import child_id
from pvc_tasks.submit import Asker
from pvc_tasks.world import World

ORPHANED = "its parent has ended"


def load_children(store: Store, parent: str) -> list[Job]:
    """All of them, finished or not, oldest first."""
    names = store.names(tree.parent_path(parent))
    children = [seen.value for seen in store.load_present([tree.job_ref(name) for name in names])]
    return sorted(children, key=lambda job: (job.created, job.id))


def new_child(
    ctx: Context,
    operation: Operation,
    subject: str,
    siblings: Sequence[Job],
    queue: str,
    locks: tuple[str, ...],
) -> Job:
    """The next attempt of the parent at a subject (an object such as `vm:UUID`)."""
    attempt = 1 + sum(subject in job.objects for job in siblings)
    return Job(
        id=child_id(ctx.job.id, subject, attempt),
        operation=operation.name,
        fields=operation.fields(),
        actor=ctx.job.actor,
        source=ctx.job.source,
        reason=f"task {ctx.job.id}",
        queue=queue,
        parent=ctx.job.id,
        objects=(subject,),
        locks=locks,
        created=ctx.now,
        deadline=ctx.job.deadline,
    )


def cancel_children(ctx: Context, children: Sequence[Job]) -> list[Job]:
    """Ask those that are unfinished to cancel; answers with those that are still to come to rest."""
    reason = ctx.job.cancel.reason if ctx.job.cancel else "the deadline of its parent passed"
    asked = _request_cancel(ctx.world, ctx.job.id, children, reason)
    for job in asked:
        ctx.ring(job)
    return asked


def cancel_orphans(world: World, parent: Job) -> list[Job]:
    """The same when the parent has ended without having waited for them."""
    asked = _request_cancel(world, parent.id, load_children(world.store, parent.id), ORPHANED)
    for job in asked:
        world.hints.ring(job.id, job.queue, job.operation)
    return asked


def cancel_orphan(world: World, job: Job) -> None:
    """One that was forgotten; to be woken by whoever found it."""
    _request_cancel(world, str(job.parent), [job], ORPHANED)


def _request_cancel(world: World, parent: str, children: Sequence[Job], reason: str) -> list[Job]:
    who = Asker(f"task {parent}", reason=reason)
    asked = [request_cancel(world, job.id, who) for job in children if not job.state.finished]
    return [job for job in asked if not job.state.finished]
