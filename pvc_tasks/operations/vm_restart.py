"""`vm restart`: off and on again, on the same node.

The stages: *(none)*, *asked*, *stopping* the old guest · *starting* it was seen gone; what runs is the new
one. The VM is wanted all the time, so its place stays its own.
"""

from __future__ import annotations

from pvc_core.decide.sharing import check_alone
from pvc_core.decide.transitions import Act
from pvc_core.errors import HypervisorRefused, PvcError, WrongState
from pvc_core.model.operations import RestartVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.admitting import admit_change
from pvc_tasks.operations.common import (
    bump_placement_now,
    load_vm_here,
    reports_now,
    runs_here,
    stopped,
)
from pvc_tasks.operations.open_elsewhere import look_for_open_elsewhere
from pvc_tasks.operations.poweroff import end_guest
from pvc_tasks.operations.starting import await_start, running_again, start_again
from pvc_tasks.operations.unsettled import load_located
from pvc_tasks.outcome import Fail, Outcome, Reroute, Rest
from pvc_tasks.world import World


class RestartFailed(PvcError):
    code, status = "RESTART_FAILED", 409


class RestartVmHandler(Handler[RestartVm]):
    operation = RestartVm

    def admit(self, asked: RestartVm, world: World) -> Admission:
        """A guest that may not be started again is not ended."""
        admission = admit_change(Act.RESTART_FORCE if asked.force else Act.RESTART, asked.vm, world)
        check_alone(look_at_cluster(world.store), load_vm(world.store, asked.vm).value)
        return admission

    def step(self, asked: RestartVm, ctx: Context) -> Outcome:
        seen = load_located(ctx, asked.vm)
        if not isinstance(seen, Seen):
            return seen
        vm = seen.value
        if vm.state is not Wanted.START:
            raise WrongState(f"{vm.name} is stopped", f"Start it: pvc vm start {vm.name}")
        if runs_here(ctx.looking, vm.uuid):
            if ctx.job.stage == "starting":
                return await_start(ctx, vm) or self._running(ctx, seen)
            ending = end_guest(asked, ctx, vm, asked.force)
            if ending is not None:
                return ending
        return look_for_open_elsewhere(ctx, vm) or self._start(ctx, seen)

    def _start(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        error = start_again(ctx, seen, f"{seen.value.name} is off; starting it again")
        saved = load_vm(ctx.store, seen.value.uuid)
        return self._running(ctx, saved) if error is None else _left_down(ctx, saved, error)

    def _running(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        return running_again(ctx, seen, f"{seen.value.name} runs on {ctx.me.node} again")

    def rest(self, asked: RestartVm, ctx: Context) -> Outcome:
        """A guest that is off by now is started all the same: nobody asked for it to be stopped."""
        seen = load_vm_here(ctx, asked.vm)
        if isinstance(seen, Reroute) or seen.value.state is not Wanted.START or not ctx.job.begun:
            return Rest("nothing was under way")
        if ctx.job.stage != "starting" and runs_here(ctx.looking, seen.value.uuid):
            return Rest("the guest still runs; if it was asked already, it may yet power off")
        return self.step(asked, ctx)


def _left_down(ctx: Context, seen: Seen[VmSpec], error: HypervisorRefused) -> Outcome:
    vm, node = seen.value, ctx.me.node
    why = f"task {ctx.job.id} could not start it again on {node}: {error.message}"
    after = stopped(vm, reports_now(ctx.store, node)).but(left_down=why)
    failure = RestartFailed(
        f"{vm.name} is off and could not be started again on {node}: {error.message}",
        f"Put that right, then start it: pvc vm start {vm.name}",
    )
    return Fail(failure, (seen.save(after), bump_placement_now(ctx.store, ctx.job.id)))
