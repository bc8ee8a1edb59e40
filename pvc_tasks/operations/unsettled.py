"""A VM whose migration was given up, and nobody saw where that ended: found before anything is done to it.

Its record names both nodes. libvirt goes on with what it was asked, so the VM may be on either, and be on its
way still. Only what has been looked at is recorded: one of the two nodes, and no other any more.
"""

from __future__ import annotations

from pvc_core.errors import HypervisorRefused
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_drivers.hypervisor.port import Migration
from pvc_tasks.context import Context
from pvc_tasks.operations.common import (
    LOOK_AGAIN_S,
    ask_node,
    bump_placement_now,
    load_vm_here,
    reports_now,
    runs_here,
)
from pvc_tasks.outcome import Outcome, Reroute, Wait


def locate(ctx: Context, seen: Seen[VmSpec]) -> Seen[VmSpec] | Outcome:
    """Its record once it is certain that it is here, or nowhere; else what has to happen first.

    To be asked on the node of its record, by the job that holds it. The migration is looked at before the
    domain: one that is over, and has left it here, takes it nowhere any more.
    """
    vm, target = seen.value, seen.value.moving_to
    if target is None:
        return seen
    migration = ctx.looking.migration(vm.uuid)
    if _is_under_way(migration):
        return _end_it(ctx, vm, target)
    if not runs_here(ctx.looking, vm.uuid):
        match ask_node(ctx, target, vm.uuid):
            case "running":
                return _follow(ctx, seen, target)
            case "unknown":
                return _wait(
                    ctx, target, f"{vm.name} may have been moved to {target}; waits for {target} to tell"
                )
    return _record(ctx, seen, vm.but(moving_to=None, moving_job=None))


def load_located(ctx: Context, reference: str) -> Seen[VmSpec] | Outcome:
    """As `load_vm_here`, of a VM that is nowhere else."""
    seen = load_vm_here(ctx, reference)
    return locate(ctx, seen) if isinstance(seen, Seen) else seen


def _is_under_way(migration: Migration | None) -> bool:
    """A post-copy that was cut off takes it nowhere: half of it is here for good."""
    return migration is not None and migration.state == "active" and migration.progress.phase != "broken"


def _end_it(ctx: Context, vm: VmSpec, target: str) -> Wait:
    """Whoever asked for it has given it up. One in post-copy can only be waited for."""
    ctx.log(f"a migration of {vm.name} to {target} that was given up is still under way; aborting it")
    try:
        ctx.acting.abort_migration(vm.uuid)
    except HypervisorRefused as error:
        ctx.log(f"libvirt does not abort it: {error.message}")
    return _wait(ctx, target, f"waits for the migration of {vm.name} to {target} to end")


def _follow(ctx: Context, seen: Seen[VmSpec], target: str) -> Reroute:
    vm = seen.value
    _record(ctx, seen, vm.placed(target, report_marks=reports_now(ctx.store, vm.node, target)))
    text = f"{vm.name} runs on {target}, where a migration took it; going on there"
    return Reroute(tree.node_queue(target), text)


def _record(ctx: Context, seen: Seen[VmSpec], found: VmSpec) -> Seen[VmSpec]:
    ctx.save(seen.save(found), bump_placement_now(ctx.store, ctx.job.id))
    return ctx.store.load(seen.ref)


def _wait(ctx: Context, target: str, text: str) -> Wait:
    return Wait("node", target, text, until=ctx.now + LOOK_AGAIN_S)
