"""A flush or an unflush asks something of a VM, and its admin has made something else of it by then.

It does nothing to that VM: its parent plans anew for what there is.
"""

from __future__ import annotations

from pvc_core.errors import PvcError
from pvc_tasks.context import Context
from pvc_tasks.outcome import Outcome, Reroute


class Overtaken(PvcError):
    code, status = "OVERTAKEN", 409
    default_remedy = "Nothing to do: the task that asked for it plans anew."


def follow(ctx: Context, found: Outcome) -> Outcome:
    """What has to happen first; raises Overtaken for a VM that only its being here was planned for."""
    if isinstance(found, Reroute) and ctx.job.parent is not None:
        raise Overtaken(f"{ctx.job.about} is not on {ctx.me.node} any more")
    return found


def check_as_planned(ctx: Context, as_planned: bool) -> None:
    """Raises Overtaken for a VM of which something else is wanted before anything was done to it."""
    if ctx.job.parent is not None and not (as_planned or ctx.job.begun):
        raise Overtaken(f"something else is wanted of {ctx.job.about} by now, and nothing was done to it")
