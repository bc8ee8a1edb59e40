"""`vm migrate`: move a running VM to another node without its guest noticing.

The first stage chooses and reserves a place; those that follow are in `move_live.py`, and in
`move_by_shutdown.py` for a VM whose migration method is `shutdown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pvc_core.decide.migration import check_movable, decide_target, goes_live, is_to_stay
from pvc_core.decide.transitions import Act, check_transition
from pvc_core.decide.wave import within_limits
from pvc_core.errors import WrongState
from pvc_core.model.operations import MigrateVm, MoveVm, Operation
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import PlanView
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import find_vm, load_vm, look_at_cluster
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations import move_by_shutdown as anew
from pvc_tasks.operations import move_live as live
from pvc_tasks.operations.admitting import decide_where
from pvc_tasks.operations.common import (
    bump_placement,
    load_vm_here,
    runs_here,
    vm_lock,
    vm_objects,
)
from pvc_tasks.operations.migration_ladder import stand_below
from pvc_tasks.operations.move_ends import plan_moved, plan_stay
from pvc_tasks.operations.overtaken import follow
from pvc_tasks.operations.poweroff import check_not_paused
from pvc_tasks.operations.transfer_plan import view_transfer
from pvc_tasks.operations.unsettled import locate
from pvc_tasks.outcome import Again, Done, Outcome, Reroute, Rest, Wait
from pvc_tasks.world import World


class TransferHandler(Handler[Transfer]):
    """All of it; which operation it is for makes a difference to the decisions only."""

    operation: ClassVar[type[Operation]]

    def plan(self, asked: Transfer, world: World) -> PlanView:
        vm, cluster = _look_at_movable(asked, world)
        return view_transfer(cluster, vm, asked, world.limits)

    def admit(self, asked: Transfer, world: World) -> Admission:
        vm, cluster = _look_at_movable(asked, world)
        if not is_to_stay(vm, asked):
            decide_target(cluster, vm, asked)
        where = decide_where(cluster, vm)
        return Admission(tree.node_queue(where), vm.name, vm_objects(vm.uuid, where), (vm_lock(vm.uuid),))

    def step(self, asked: Transfer, ctx: Context) -> Outcome:
        seen = load_vm_here(ctx, asked.vm)
        if isinstance(seen, Reroute):
            if ctx.job.stage in anew.AWAY:
                return seen
            return _overtaken(ctx) if ctx.job.begun else follow(ctx, seen)
        match ctx.job.stage:
            case "":
                return self._reserve(asked, ctx, seen)
            case live.COPYING | live.CONFIRMING if ctx.now >= ctx.job.notes["deadline"]:
                return live.rest(asked, ctx, seen)
            case live.COPYING:
                return live.copy(asked, ctx, seen)
            case stage if stage in anew.ENDING:
                return anew.ask_to_power_off(asked, ctx, seen)
            case stage if stage in anew.AWAY:
                return anew.start_there(ctx, seen)
            case _:
                return live.confirm(asked, ctx, seen)

    def _reserve(self, asked: Transfer, ctx: Context, last: Seen[VmSpec]) -> Outcome:
        seen = locate(ctx, last)
        if not isinstance(seen, Seen):
            return follow(ctx, seen)
        vm = seen.value
        check_movable(vm, asked)
        if not runs_here(ctx.looking, vm.uuid):
            raise WrongState(
                f"libvirt on {vm.node} does not run {vm.name}", f"Start it again: pvc vm start {vm.name}"
            )
        check_not_paused(ctx.looking, vm)
        cluster = look_at_cluster(ctx.store)
        target, reason = decide_target(cluster, vm, asked)
        full = within_limits(cluster, vm.node, target, ctx.world.limits)
        if full is not None:
            return Wait("capacity", target, full)
        runs_on = goes_live(vm, asked)
        ctx.change(stage=live.COPYING if runs_on else anew.ASKED)
        ctx.remember(target=target, begun=1)
        if runs_on:
            stand_below(ctx, asked, vm)
        ctx.log(f"moving {vm.name} from {vm.node} to {target} ({reason})")
        moving = vm.but(moving_to=target, moving_job=ctx.job.id)
        ctx.save(seen.save(moving), bump_placement(cluster.placement_version, ctx.job.id))
        return live.begin(ctx, vm) if runs_on else Again()

    def leave(self, asked: Transfer, world: World, notes: Mapping[str, Any], job: str) -> tuple[Op, ...]:
        """Nobody looked at libvirt: a VM carried over live may be on either node. Known to have left,
        it is recorded at its target; else its record keeps naming both, until an agent sees it or a start has
        made sure. One that was only asked to power off has been nowhere else."""
        seen = find_vm(world.store, asked.vm)
        if seen is None or seen.value.moving_job != job:
            return ()
        if "rung" not in notes:
            return plan_stay(world.store, seen, job)
        return plan_moved(world.store, seen, notes["target"], asked, job) if notes.get("gone") else ()

    def rest(self, asked: Transfer, ctx: Context) -> Outcome:
        seen = load_vm_here(ctx, asked.vm)
        if ctx.job.stage in (*anew.ENDING, *anew.AWAY):
            return self._rest_anew(asked, ctx, seen)
        if isinstance(seen, Reroute) or not ctx.job.begun:
            return super().rest(asked, ctx)
        return live.rest(asked, ctx, seen)

    def _rest_anew(self, asked: Transfer, ctx: Context, seen: Seen[VmSpec] | Reroute) -> Outcome:
        """A guest that is off is started all the same: nobody asked for it to be stopped."""
        if isinstance(seen, Reroute) or not runs_here(ctx.looking, seen.value.uuid):
            return self.step(asked, ctx)
        if ctx.job.stage in anew.AWAY:
            return anew.start_there(ctx, seen)
        text = f"{seen.value.name} runs on {seen.value.node}; its guest was asked, and may yet power off"
        return Rest(text, plan_stay(ctx.store, seen, ctx.job.id))


def _look_at_movable(asked: Transfer, world: World) -> tuple[VmSpec, Cluster]:
    """Raises the WrongState of a VM that cannot be moved."""
    vm = load_vm(world.store, asked.vm).value
    cluster = look_at_cluster(world.store)
    check_transition(cluster, vm, Act.MOVE if isinstance(asked, MoveVm) else Act.MIGRATE)
    check_movable(vm, asked)
    return vm, cluster


class MigrateVmHandler(TransferHandler):
    operation = MigrateVm


def _overtaken(ctx: Context) -> Outcome:
    """Its record says it is elsewhere although this job had not said so: an agent saw it arrive."""
    return Done("the VM has arrived, as its new node's agent recorded", {"node": ctx.job.notes["target"]})
