"""How a flush ends: who is left, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pvc_core.decide.left_behind import name_left, tell_left, unexpected, unsettled
from pvc_core.decide.node_plan import Left
from pvc_core.model.groups import named
from pvc_core.model.job import Job, JobState
from pvc_core.model.operations import MigrateVm, Operation, ShutdownVm
from pvc_core.model.snapshot import Cluster
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.context import Context
from pvc_tasks.operations.held_disks import witnesses
from pvc_tasks.operations.moving import Round
from pvc_tasks.outcome import Done, Wait
from pvc_tasks.words import count

PATIENCE_S = 60.0
"""How long the agents may take to show where a migration ended that was given up."""

LOOK_AGAIN_S = 1.0


def look_for_unsettled(ctx: Context, cluster: Cluster, node: str) -> Wait | list[Left]:
    """VMs that nobody knows to have left; Wait while an agent may still record where they are."""
    found = unsettled(cluster, node)
    since = min(ctx.now, ctx.job.notes.get("unsettled_since") or ctx.now)
    ctx.remember(unsettled_since=since if found else None)
    if not found or ctx.now >= since + PATIENCE_S:
        return found
    names = named([left.vm for left in found])
    text = f"waits for the agents to show where {names} went: {found[0].message}"
    return Wait("node", node, text, until=ctx.now + LOOK_AGAIN_S, deadline=since + PATIENCE_S)


def still_there(hypervisor: Hypervisor, cluster: Cluster, node: str, left: Sequence[Left]) -> list[Left]:
    """VMs of the cluster that libvirt shows on the node although the records expected none."""
    known = {item.uuid for item in left}
    active = [domain.uuid for domain in hypervisor.domains() if domain.active]
    return unexpected(cluster, node, [uuid for uuid in active if uuid not in known])


def told(ctx: Context, node: str, found: Round, left: Sequence[Left]) -> Done:
    moved, shut_down = found.succeeded - found.shut_down, found.shut_down
    result = {"moved": moved, "shut_down": shut_down, **tell_left(left)}
    if left:
        return Done(f"{node} is not empty; left there: {name_left(left)}", result, JobState.PARTIAL)
    done = f"{count(moved, 'VM')} moved" + (f", {shut_down} shut down" if shut_down else "")
    return Done(f"{node} is flushed: {done}; {witnesses(ctx.world)} show none left", result)


def told_at_rest(node: str, children: Sequence[Job]) -> tuple[str, dict[str, Any]]:
    """What a flush that is cancelled has done, in words and as its result."""
    moved, stopped = _done(children, MigrateVm), _done(children, ShutdownVm)
    text = f"{count(len(moved), 'VM')} moved and stay where they are{_tell_stopped(node, stopped)}"
    return text, {"moved": len(moved), "shut_down": len(stopped), "stopped": [job.about for job in stopped]}


def _done(children: Sequence[Job], kind: type[Operation]) -> list[Job]:
    """One for each VM."""
    done = {job.about: job for job in children if job.state is JobState.SUCCEEDED}
    return [job for _, job in sorted(done.items()) if job.operation == kind.name]


def _tell_stopped(node: str, stopped: Sequence[Job]) -> str:
    """They do not come back by themselves."""
    back = [job.about for job in stopped if job.fields["restart_on_ready"]]
    away = [job.about for job in stopped if not job.fields["restart_on_ready"]]
    by_ready = f"; {named(back)} shut down: `pvc node ready {node}` starts what it stopped" if back else ""
    by_hand = f"; {named(away)} shut down: `pvc vm start` starts what shall run" if away else ""
    return by_ready + by_hand
