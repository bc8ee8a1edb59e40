"""Long work of a job, from the steps' point of view: begun, awaited, taken over, brought to rest.

Any coordinator may look at the job while it holds; the record names the process that works, and another
takes over only once that one has failed, or has no session any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pvc_core.errors import PvcError
from pvc_core.model.storage import client_of
from pvc_core.store import tree
from pvc_tasks.context import Context
from pvc_tasks.outcome import Hold
from pvc_tasks.ports import Act

CLIENTS = "clients"
"""The note that holds as whom the storage sees who works: what such a client has open, a guest has not."""

SHORT_S = 0.3
"""Work that ends within that needs no second look at its job; a slot can be spared for so long."""


class WorkStopped(PvcError):
    """Begun again if its job still wants it."""

    code, status, retryable = "WORK_STOPPED", 503, True


def work(ctx: Context, text: str, act: Act) -> Mapping[str, Any] | Hold:
    """The result of `act`, once there is one; raises what it raised.

    `act` may have been made before, in part or whole, by a process that died.
    """
    if _others(ctx):
        return Hold()
    before, end = ctx.job.notes.get("worked_by", ""), ctx.me.works.end_of(ctx.job.id)
    if before is not None and end is None and not ctx.me.works.busy(ctx.job.id):
        ctx.log(text)
    if before != _me(ctx):
        ctx.remember(worked_by=_me(ctx), **{CLIENTS: _clients(ctx)})
        ctx.save()
    if end is None:
        ctx.check_ours()
        end = ctx.me.works.begin(ctx.job.id, act, SHORT_S)
    if end is None:
        return Hold()
    if end.error is not None:
        ctx.me.works.forget(ctx.job.id)
        # None: it failed, and the log has told both; whoever comes next tries again.
        ctx.remember(worked_by=None)
        raise end.error
    return end.result


def bring_to_rest(ctx: Context) -> Hold | None:
    """None once nothing is at work for this job any more."""
    if _others(ctx):
        return Hold()
    ctx.me.works.stop(ctx.job.id)
    return Hold() if ctx.me.works.busy(ctx.job.id) else None


def let_end(ctx: Context) -> Hold | None:
    """As `bring_to_rest`, of what had better not be interrupted: it is asked to end at the job's deadline."""
    if ctx.now < ctx.job.deadline and ctx.me.works.busy(ctx.job.id):
        return Hold()
    return bring_to_rest(ctx)


def _clients(ctx: Context) -> list[str]:
    """Those of earlier attempts may be seen for a while."""
    own = client_of(ctx.world.blocks.own_address())
    return [*dict.fromkeys((*ctx.job.notes.get(CLIENTS, ()), own))]


def _me(ctx: Context) -> str:
    return f"{ctx.me.node} {ctx.me.incarnation}"


def _others(ctx: Context) -> bool:
    """Whether another process that has a session is at this work."""
    by = ctx.job.notes.get("worked_by")
    if by is None or by == _me(ctx):
        return False
    node, incarnation = by.split()
    alive = ctx.store.find(tree.node_worker(node))
    return alive is not None and alive.value.incarnation == incarnation
