"""Carrying a VM over while its guest runs on: begun, looked at, and brought to rest when asked.

The stages: *copying* libvirt carries it over, and goes on with that whatever becomes of us · *confirming* it
is gone here and nobody saw the end: the target's report tells.
"""

from __future__ import annotations

from pvc_core.decide.ladder import Rung
from pvc_core.errors import HypervisorRefused
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import look_at_node
from pvc_drivers.hypervisor.port import Migration
from pvc_tasks.context import Context
from pvc_tasks.operations.common import ask_node, runs_here
from pvc_tasks.operations.migration_ladder import climb, order, stand_below, verdict, wake_sharing
from pvc_tasks.operations.move_ends import arrived, given_up, lost, plan_moved, stayed, torn
from pvc_tasks.outcome import Again, Hold, Outcome, Rest, Wait

COPYING, CONFIRMING = "copying", "confirming"

MAX_BEGUN = 5
"""A migration that was begun so often and is never seen under way is not going to be."""

ADOPTED_LOOK_S = 0.5
"""Nobody rings for a migration that another process began."""


def begin(ctx: Context, vm: VmSpec) -> Outcome:
    ctx.me.watch(ctx.job.id, vm.uuid)
    job, bell = ctx.job.id, ctx.me.bell
    try:
        ctx.acting.begin_migration(vm.uuid, order(ctx), lambda: bell(job))
    except HypervisorRefused as error:
        return _refused(ctx, vm, error)
    wake_sharing(ctx, vm)
    return Hold(ctx.job.notes["deadline"])


def _refused(ctx: Context, vm: VmSpec, error: HypervisorRefused) -> Outcome:
    """Nothing was begun now; a guest that is not here may have been carried over by an earlier attempt."""
    if ctx.looking.migration(vm.uuid) is not None:
        return Again()
    if not runs_here(ctx.looking, vm.uuid):
        return _gone(ctx)
    return stayed(ctx, ctx.store.load(tree.vm_spec(vm.uuid)), error.message)


def copy(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    vm = seen.value
    migration = ctx.looking.migration(vm.uuid)
    if migration is None and runs_here(ctx.looking, vm.uuid):
        return _begin_again(asked, ctx, seen)
    if migration is None:
        return _gone(ctx)
    if migration.state == "active":
        ctx.me.watch(ctx.job.id, vm.uuid)
        climb(ctx, asked, vm, migration)
        return Hold(ctx.job.notes["deadline"] if migration.rings else ctx.now + ADOPTED_LOOK_S)
    ctx.looking.forget_migration(vm.uuid)
    if migration.state == "succeeded":
        return arrived(asked, ctx, seen, migration.progress.downtime_ms)
    if not runs_here(ctx.looking, vm.uuid):
        return _gone(ctx)
    if _is_torn(ctx, vm):
        return torn(ctx, seen, migration.error)
    return stayed(ctx, seen, migration.error)


def _gone(ctx: Context) -> Outcome:
    """It left, and nobody saw whether it arrived: from here on only the target can tell."""
    ctx.change(stage=CONFIRMING)
    ctx.remember(gone=True)
    return Again()


def _begin_again(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    if _is_torn(ctx, seen.value):
        return torn(ctx, seen, "nobody saw by what")
    begun = ctx.job.notes["begun"] + 1
    if begun > MAX_BEGUN:
        return stayed(ctx, seen, f"it was begun {MAX_BEGUN} times and never ran")
    stand_below(ctx, asked, seen.value)
    ctx.remember(begun=begun)
    ctx.save()
    return begin(ctx, seen.value)


def confirm(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    vm, target = seen.value, ctx.job.notes["target"]
    if runs_here(ctx.looking, vm.uuid):
        ctx.change(stage=COPYING)
        ctx.remember(gone=False)
        return Again()
    found = ask_node(ctx, target, vm.uuid)
    if found == "running":
        return arrived(asked, ctx, seen, None)
    if found == "absent":
        return lost(ctx, seen)
    if _half_is_left(ctx, vm, target):
        return torn(ctx, seen, f"what was on {vm.node} is gone")
    text = f"{vm.name} left {vm.node} while no worker was looking; waits for {target} to report it"
    return Wait("node", target, text, until=ctx.now + ADOPTED_LOOK_S)


def rest(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    """Abort what libvirt is doing, wait until it has, then see where the VM is."""
    vm = seen.value
    migration = ctx.looking.migration(vm.uuid)
    if migration is not None and migration.state == "active":
        return _abort(ctx, vm, migration)
    ctx.looking.forget_migration(vm.uuid)
    if migration is not None and migration.state == "succeeded":
        return arrived(asked, ctx, seen, migration.progress.downtime_ms)
    if not runs_here(ctx.looking, vm.uuid):
        ctx.remember(gone=True)
        return _rest_unseen(asked, ctx, seen)
    if _is_torn(ctx, vm):
        return torn(ctx, seen, "nobody saw by what" if migration is None else migration.error)
    return given_up(ctx, seen)


def _abort(ctx: Context, vm: VmSpec, migration: Migration) -> Outcome:
    """Post-copy cannot be aborted: it is waited for, since a VM that arrives is what was asked for."""
    if migration.progress.phase == "post_copy":
        ctx.log(f"post-copy is finishing the migration of {vm.name}: it can no longer be aborted")
        return Hold(until=ctx.now + ADOPTED_LOOK_S)
    if ctx.job.cancel is None and "verdict" not in ctx.job.notes:
        found = verdict(ctx, vm, migration)
        ctx.remember(verdict=found.message, remedy=found.remedy)
    ctx.log(f"aborting the migration of {vm.name}")
    try:
        ctx.acting.abort_migration(vm.uuid)
    except HypervisorRefused as error:
        ctx.log(f"libvirt does not abort it: {error.message}")
    return Hold(until=ctx.now + ADOPTED_LOOK_S)


def _rest_unseen(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    """A target that does not answer is not waited for; its agent puts the records right one day."""
    outcome, target = confirm(asked, ctx, seen), ctx.job.notes["target"]
    if not isinstance(outcome, Wait) or look_at_node(ctx.store, target).able:
        return outcome
    text = f"{seen.value.name} left {ctx.me.node}; it can only be on {target}, which does not answer"
    return Rest(text, plan_moved(ctx.store, seen, target, asked, ctx.job.id))


def _half_is_left(ctx: Context, vm: VmSpec, target: str) -> bool:
    """Of a guest whose post-copy was cut off, in libvirt's words."""
    shown = look_at_node(ctx.store, target).shown.get(vm.uuid)
    return shown is not None and shown.state == "paused" and "failed" in shown.reason


def _is_torn(ctx: Context, vm: VmSpec) -> bool:
    """In post-copy its guest runs at the target; should that fail, neither half can go on."""
    domain = ctx.looking.domain(vm.uuid) if ctx.job.notes.get("rung") == Rung.POST_COPY else None
    return domain is not None and domain.state == "paused"
