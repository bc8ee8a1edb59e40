"""`vm migrate`: move a running VM to another node without its guest noticing.

The stages: *(none)* choose and reserve a place · *copying* libvirt carries it over, and goes on with that
whatever becomes of us · *confirming* it is gone here and nobody saw the end: the target's report tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pvc_core.decide.migration import check_movable, decide_target, moved
from pvc_core.decide.wave import within_limits
from pvc_core.errors import PvcError, WrongState
from pvc_core.model.operations import MigrateVm
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import find_vm, load_vm, look_at_cluster, look_at_node
from pvc_core.store.port import Op
from pvc_drivers.hypervisor.port import MigrationOrder
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import (
    ask_node,
    bump_placement,
    bump_placement_now,
    check_node_answers,
    load_vm_here,
    reports_now,
    runs_here,
    vm_lock,
    vm_objects,
)
from pvc_tasks.outcome import Again, Done, Fail, Hold, Outcome, Reroute, Rest, Wait
from pvc_tasks.world import World

MAX_BEGUN = 5
"""A migration that was begun so often and is never seen under way is not going to be."""

ADOPTED_LOOK_S = 0.5
"""Nobody rings for a migration that another process began."""


class MigrationFailed(PvcError):
    code, status = "MIGRATION_FAILED", 409
    default_remedy = "The VM runs where it ran. Read the hypervisor's words above, then try again."


class VmLost(PvcError):
    """Gone from the source, and not on the target."""

    code, status = "VM_LOST", 409


class MigrateVmHandler(Handler[MigrateVm]):
    operation = MigrateVm

    def admit(self, asked: MigrateVm, world: World) -> Admission:
        vm = load_vm(world.store, asked.vm).value
        cluster = look_at_cluster(world.store)
        check_movable(vm, asked)
        check_node_answers(cluster.node(vm.node), f"{vm.name} cannot be moved away from there")
        decide_target(cluster, vm, asked)
        return Admission(tree.node_queue(vm.node), vm.name, vm_objects(vm.uuid, vm.node), (vm_lock(vm.uuid),))

    def step(self, asked: MigrateVm, ctx: Context) -> Outcome:
        seen = load_vm_here(ctx, asked.vm)
        if isinstance(seen, Reroute):
            return seen if not ctx.job.begun else _overtaken(ctx)
        if ctx.job.stage == "":
            return self._reserve(asked, ctx, seen)
        if ctx.job.stage == "copying":
            return self._copy(ctx, seen)
        return self._confirm(ctx, seen)

    def _reserve(self, asked: MigrateVm, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm = seen.value
        check_movable(vm, asked)
        if not runs_here(ctx.looking, vm.uuid):
            raise WrongState(
                f"libvirt on {vm.node} does not run {vm.name}", f"Start it again: pvc vm start {vm.name}"
            )
        cluster = look_at_cluster(ctx.store)
        target, reason = decide_target(cluster, vm, asked)
        full = within_limits(cluster, vm.node, target, ctx.world.limits)
        if full is not None:
            return Wait("capacity", target, full)
        patience = ctx.world.config.hypervisor.migration.deadline_s
        ctx.change(stage="copying", deadline=min(ctx.job.deadline, ctx.now + patience))
        ctx.remember(target=target, begun=0)
        ctx.log(f"moving {vm.name} from {vm.node} to {target} ({reason})")
        moving = vm.but(moving_to=target, moving_job=ctx.job.id)
        ctx.save(seen.save(moving), bump_placement(cluster.placement_version, ctx.job.id))
        return Again()

    def _copy(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm = seen.value
        migration = ctx.looking.migration(vm.uuid)
        if migration is None and runs_here(ctx.looking, vm.uuid):
            return self._begin(ctx, seen)
        if migration is None:
            return self._gone(ctx)
        if migration.state == "active":
            ctx.me.watch(ctx.job.id, vm.uuid)
            return Hold(until=ctx.now + ADOPTED_LOOK_S)
        ctx.looking.forget_migration(vm.uuid)
        if migration.state == "succeeded":
            return self._arrived(ctx, seen, migration.progress.downtime_ms)
        if not runs_here(ctx.looking, vm.uuid):
            return self._gone(ctx)
        return self._stayed(ctx, seen, migration.error)

    def _gone(self, ctx: Context) -> Outcome:
        """It left, and nobody saw whether it arrived: from here on only the target can tell."""
        ctx.change(stage="confirming")
        ctx.remember(gone=True)
        return Again()

    def _begin(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm = seen.value
        begun = ctx.job.notes["begun"] + 1
        if begun > MAX_BEGUN:
            return self._stayed(ctx, seen, f"it was begun {MAX_BEGUN} times and never ran")
        ctx.remember(begun=begun)
        ctx.save()
        ctx.me.watch(ctx.job.id, vm.uuid)
        job, bell = ctx.job.id, ctx.me.bell
        order = _order(ctx)
        ctx.acting.begin_migration(vm.uuid, order, lambda: bell(job))
        return Hold()

    def _arrived(self, ctx: Context, seen: Seen[VmSpec], downtime_ms: int | None) -> Outcome:
        vm, target = seen.value, ctx.job.notes["target"]
        result = {"vm": vm.name, "source": vm.node, "node": target, "downtime_ms": downtime_ms}
        ops = (
            seen.save(moved(vm, target, reports_now(ctx.store, vm.node, target))),
            bump_placement_now(ctx.store, ctx.job.id),
        )
        return Done(f"{vm.name} runs on {target}", result, ops=ops)

    def _stayed(self, ctx: Context, seen: Seen[VmSpec], why: str) -> Outcome:
        vm, target = seen.value, ctx.job.notes["target"]
        error = MigrationFailed(f"{vm.name} could not be moved to {target} and runs on {vm.node}: {why}")
        return Fail(error, self._plan_stay(ctx.world, seen, ctx.job.id), {"vm": vm.name, "target": target})

    def _confirm(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm, target = seen.value, ctx.job.notes["target"]
        if runs_here(ctx.looking, vm.uuid):
            ctx.change(stage="copying")
            ctx.remember(gone=False)
            return Again()
        found = ask_node(ctx, target, vm.uuid)
        if found == "running":
            return self._arrived(ctx, seen, None)
        if found == "absent":
            return self._lost(ctx, seen, target)
        text = f"{vm.name} left {vm.node} while no worker was looking; waits for {target} to report it"
        return Wait("node", target, text, until=ctx.now + ADOPTED_LOOK_S)

    def _lost(self, ctx: Context, seen: Seen[VmSpec], target: str) -> Outcome:
        vm = seen.value
        error = VmLost(
            f"{vm.name} runs neither on {vm.node} nor on {target}: it ended while it was being moved",
            f"Start it again: pvc vm start {vm.name}",
        )
        return Fail(error, self._plan_stay(ctx.world, seen, ctx.job.id), {"vm": vm.name, "target": target})

    def _plan_stay(self, world: World, seen: Seen[VmSpec], job: str) -> tuple[Op, ...]:
        if seen.value.moving_job != job:
            return ()
        stays = seen.value.but(moving_to=None, moving_job=None)
        return (seen.save(stays), bump_placement_now(world.store, job))

    def leave(self, asked: MigrateVm, world: World, notes: Mapping[str, Any], job: str) -> tuple[Op, ...]:
        """Nobody looked at libvirt: the VM may be on either node. Known to have left, it is recorded at its
        target; else its record keeps naming both, until an agent sees it or a start has made sure."""
        seen = find_vm(world.store, asked.vm)
        if seen is None or not notes.get("gone") or seen.value.moving_job != job:
            return ()
        target = notes["target"]
        after = moved(seen.value, target, reports_now(world.store, seen.value.node, target))
        return (seen.save(after), bump_placement_now(world.store, job))

    def rest(self, asked: MigrateVm, ctx: Context) -> Outcome:
        """Abort what libvirt is doing, wait until it has, then see where the VM is."""
        seen = load_vm_here(ctx, asked.vm)
        if isinstance(seen, Reroute) or not ctx.job.begun:
            return super().rest(asked, ctx)
        vm = seen.value
        migration = ctx.looking.migration(vm.uuid)
        if migration is not None and migration.state == "active":
            ctx.log(f"aborting the migration of {vm.name}")
            ctx.acting.abort_migration(vm.uuid)
            return Hold(until=ctx.now + ADOPTED_LOOK_S)
        ctx.looking.forget_migration(vm.uuid)
        if migration is not None and migration.state == "succeeded":
            return self._arrived(ctx, seen, migration.progress.downtime_ms)
        if not runs_here(ctx.looking, vm.uuid):
            ctx.remember(gone=True)
            return self._rest_unseen(asked, ctx, seen)
        return Rest(f"{vm.name} runs on {vm.node}", self._plan_stay(ctx.world, seen, ctx.job.id))

    def _rest_unseen(self, asked: MigrateVm, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        """A target that does not answer is not waited for; its agent puts the records right one day."""
        outcome, target = self._confirm(ctx, seen), ctx.job.notes["target"]
        if not isinstance(outcome, Wait) or look_at_node(ctx.store, target).able:
            return outcome
        text = f"{seen.value.name} left {ctx.me.node}; it can only be on {target}, which does not answer"
        return Rest(text, self.leave(asked, ctx.world, ctx.job.notes, ctx.job.id))


def _order(ctx: Context) -> MigrationOrder:
    migration = ctx.world.config.hypervisor.migration
    address = ctx.store.load(tree.node_spec(ctx.job.notes["target"])).value.address
    return MigrationOrder(migration.uri.format(address=address), address, migration.max_downtime_ms)


def _overtaken(ctx: Context) -> Outcome:
    """Its record says it is elsewhere although this job had not said so: an agent saw it arrive."""
    return Done("the VM has arrived, as its new node's agent recorded", {"node": ctx.job.notes["target"]})
