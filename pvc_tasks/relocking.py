"""Other locks than a job was accepted with, before it has begun."""

from __future__ import annotations

from collections.abc import Collection

from pvc_core.store import tree
from pvc_tasks.context import Context
from pvc_tasks.joblocks import plan_release_locks


def renew_locks(ctx: Context, wanted: Collection[str]) -> bool:
    """Whether it lacks some of these.

    What it holds is then given up, and all are asked for anew: they are taken in one order only.
    """
    if set(wanted) <= set(ctx.job.locks):
        return False
    ctx.taking = ()
    released, successors = plan_release_locks(ctx.store, ctx.job, ctx.now)
    ctx.change(locks=tuple(sorted({*ctx.job.locks, *wanted})))
    ctx.save(*released)
    for seen in ctx.store.load_present([tree.job_ref(job) for job in successors]):
        ctx.ring(seen.value)
    return True
