"""Moving a VM whose guest cannot be carried over live: shut down here, placed there, started there.

The stages: *asked* the guest powers off · *starting* its domain is proven gone, it belongs to its new node
and is started there · *returning* it could not be started there, and is started where it came from.
"""

from __future__ import annotations

from pvc_core.decide.migration import moved
from pvc_core.decide.sharing import DiskTaken
from pvc_core.errors import PvcError
from pvc_core.model.metadata import OnShutdownTimeout
from pvc_core.model.node import NodeState
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.operations.common import (
    bump_placement,
    bump_placement_now,
    reports_now,
    runs_here,
    stopped,
)
from pvc_tasks.operations.move_ends import plan_stay
from pvc_tasks.operations.open_elsewhere import look_for_open_elsewhere
from pvc_tasks.operations.poweroff import ask_to_obey, clear_remains, give_time, stop_at_once
from pvc_tasks.operations.starting import await_start, start_domain
from pvc_tasks.outcome import Again, Done, Fail, Outcome

ASKED, STARTING, RETURNING = "asked", "starting", "returning"
ENDING = (ASKED, "stopping")
"""Its guest shall end where it is."""

AWAY = (STARTING, RETURNING)
"""Its domain is gone where the job began."""


class NotMovedByShutdown(PvcError):
    code, status = "NOT_MOVED_BY_SHUTDOWN", 409


def ask_to_power_off(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    """One look at a guest that shall power off."""
    vm = seen.value
    if not runs_here(ctx.looking, vm.uuid):
        clear_remains(ctx, vm)
        return _place(asked, ctx, seen)
    if "until" not in ctx.job.notes:
        give_time(ctx, vm, most_s=asked.deadline_s)
    if ctx.now < ctx.job.notes["until"]:
        return ask_to_obey(ctx, vm)
    if asked.then_stop or vm.on_shutdown_timeout is OnShutdownTimeout.STOP:
        stop_at_once(ctx, vm)
        return Again()
    error = NotMovedByShutdown(
        f"{vm.name} did not power off in time; it keeps running on {vm.node}, and may yet power off",
        f"Look at its console, or move it with --then-stop: pvc vm migrate {vm.name} --then-stop",
    )
    return Fail(
        error, plan_stay(ctx.store, seen, ctx.job.id), {"vm": vm.name, "target": ctx.job.notes["target"]}
    )


def _place(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    """Its domain is gone from here, so it may run elsewhere: on the target, if that is still there."""
    vm, target, cluster = seen.value, ctx.job.notes["target"], look_at_cluster(ctx.store)
    ctx.remember(origin=vm.node, home=vm.previous_node)
    marks = reports_now(ctx.store, vm.node, target)
    if not cluster.node(target).able:
        ctx.remember(why=f"{target} does not answer any more")
        stays = vm.but(moving_to=None, moving_job=None, report_marks=marks)
        return _record(ctx, cluster, seen, RETURNING, stays)
    return _record(ctx, cluster, seen, STARTING, moved(vm, target, marks, asked))


def _record(ctx: Context, cluster: Cluster, seen: Seen[VmSpec], stage: str, placed: VmSpec) -> Outcome:
    """As decided on that look at the cluster."""
    ctx.change(stage=stage)
    ctx.log(f"{placed.name} is off; starting it on {placed.node}")
    ctx.save(seen.save(placed.but(running=None)), bump_placement(cluster.placement_version, ctx.job.id))
    return Again()


def start_there(ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    """On the node that its record names by now."""
    vm = seen.value
    if not runs_here(ctx.looking, vm.uuid):
        try:
            waiting = look_for_open_elsewhere(ctx, vm)
        except DiskTaken as error:
            return _refused(ctx, seen, error)
        if waiting is not None:
            return waiting
        if (refused := start_domain(ctx, vm.uuid)) is not None:
            return _refused(ctx, seen, refused)
    if (hold := await_start(ctx, vm)) is not None:
        return hold
    seen = load_vm(ctx.store, vm.uuid)
    marks = reports_now(ctx.store, ctx.me.node, ctx.job.notes["origin"])
    ops: tuple[Op, ...] = (seen.save(seen.value.but(report_marks=marks)),)
    return _ended(ctx, vm, ops)


def _ended(ctx: Context, vm: VmSpec, ops: tuple[Op, ...]) -> Outcome:
    notes = ctx.job.notes
    result = {"vm": vm.name, "source": notes["origin"], "node": vm.node, "method": "shutdown"}
    if ctx.job.stage == STARTING:
        return Done(f"{vm.name} runs on {vm.node}, started anew", result, ops=ops)
    error = NotMovedByShutdown(
        f"{vm.name} could not be started on {notes['target']} and was started on {vm.node} again: "
        f"{notes['why']}",
        "Put right what the hypervisor complains of, then try again.",
    )
    return Fail(error, ops, result)


def _refused(ctx: Context, seen: Seen[VmSpec], error: PvcError) -> Outcome:
    """Back to where it ran, if that may take it again; else it stays stopped."""
    vm, notes, cluster = seen.value, ctx.job.notes, look_at_cluster(ctx.store)
    if ctx.job.stage == STARTING and _takes_back(cluster, vm, notes["origin"]):
        ctx.remember(why=error.message)
        back = vm.placed(notes["origin"], previous_node=notes["home"])
        return _record(ctx, cluster, seen, RETURNING, back)
    off = stopped(vm, reports_now(ctx.store, ctx.me.node))
    failed = NotMovedByShutdown(
        f"{vm.name} is off, and could not be started on {vm.node}: {error.message}",
        f"Put that right, then start it: pvc vm start {vm.name}",
    )
    return Fail(failed, (seen.save(off), bump_placement_now(ctx.store, ctx.job.id)), {"vm": vm.name})


def _takes_back(cluster: Cluster, vm: VmSpec, origin: str) -> bool:
    """Its memory there may have been given away; and a node that was proven empty meanwhile stays so."""
    node = cluster.node(origin)
    empty = node.spec.state is NodeState.FLUSHED
    return node.able and not empty and cluster.free_mib(origin) >= vm.charge_mib
