"""Holding a guest still for a moment, and letting it go on whatever happens.

Who holds a guest has said so in the job's record before: should the process die in between, the job's next
step lets it go, and if nobody takes that step in time, the node's agent does (`pvc_worker/rescuer.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_core.model.vm_snapshot import Consistency
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.context import Context

HOLDING = "holding"
"""The stage of a job that holds a guest, or may."""

RESCUE_S = 20.0
"""From when on the node's agent lets it go."""

AGENT_PATIENCE_S = 60.0
"""How long the agent in a guest is asked to let it go."""


@dataclass(frozen=True)
class Held:
    """How long, and whether all the time."""

    pause_ms: int
    whole: bool


def note_of_hold(ctx: Context, uuid: str, how: Consistency) -> dict[str, Any]:
    """What has to be on record before."""
    return {"held": uuid, "how": how.value, "at": ctx.now, "until": ctx.now + RESCUE_S}


def while_held(ctx: Context, notes: Mapping[str, Any], act: Callable[[], None]) -> Held:
    """Raises what holding it raised; `act` raises nothing.

    Letting it go asks nobody for leave: a guest must not stand still because a claim was lost.
    """
    hypervisor, uuid, how = ctx.acting, notes["held"], Consistency(notes["how"])
    began, whole = time.monotonic(), False
    try:
        _hold(hypervisor, uuid, how)
        act()
    finally:
        whole = let_go(hypervisor, uuid, how)
    return Held(round((time.monotonic() - began) * 1000), whole)


def let_go_at_last(ctx: Context) -> None:
    """By what is on record, once it answers; raises HypervisorUnavailable until then.

    An agent in the guest that stays silent is given up: what it does not hear, it has not done either.
    """
    uuid, how = ctx.job.notes["held"], Consistency(ctx.job.notes["how"])
    if how is Consistency.AGENT and "mute" in ctx.job.notes:
        return
    try:
        let_go(ctx.acting, uuid, how)
    except HypervisorUnavailable as error:
        if how is not Consistency.AGENT or ctx.now < ctx.job.notes["at"] + AGENT_PATIENCE_S:
            raise
        ctx.looking.domain(uuid)
        ctx.remember(mute=error.message)
        ctx.log(f"{error.message}; going on without it")


def let_go(hypervisor: Hypervisor, uuid: str, how: Consistency) -> bool:
    """Whether it was held until now; no error when it was not, or is gone."""
    domain = hypervisor.domain(uuid)
    if domain is None or not domain.active:
        return False
    try:
        if how is Consistency.AGENT:
            return hypervisor.thaw(uuid) > 0
        held = domain.state == "paused"
        hypervisor.resume(uuid)
        return held
    except HypervisorRefused:
        return False


def _hold(hypervisor: Hypervisor, uuid: str, how: Consistency) -> None:
    if how is Consistency.AGENT:
        hypervisor.freeze(uuid)
    else:
        hypervisor.suspend(uuid)
