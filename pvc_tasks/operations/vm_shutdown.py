"""`vm shutdown`: ask the guest by ACPI, and wait until it is off."""

from __future__ import annotations

from pvc_core.errors import PvcError
from pvc_core.model.operations import ShutdownVm
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Seen
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import load_vm_here, runs_here
from pvc_tasks.operations.vm_stop import admit_stopping, plan_stopped, stop_at_once
from pvc_tasks.outcome import Done, Fail, Hold, Outcome, Reroute, Rest
from pvc_tasks.world import World

ASK_AGAIN_S = 10.0
"""A guest that is still booting does not hear the first request."""


class GuestIgnoresShutdown(PvcError):
    code, status = "GUEST_IGNORES_SHUTDOWN", 409


class ShutdownVmHandler(Handler[ShutdownVm]):
    operation = ShutdownVm

    def admit(self, asked: ShutdownVm, world: World) -> Admission:
        return admit_stopping(asked.vm, world)

    def step(self, asked: ShutdownVm, ctx: Context) -> Outcome:
        seen = load_vm_here(ctx, asked.vm)
        if isinstance(seen, Reroute):
            return seen
        vm = seen.value
        if not runs_here(ctx.looking, vm.uuid):
            return self._off(asked, ctx, seen)
        if ctx.job.stage != "asked":
            return self._begin(asked, ctx, vm)
        if ctx.now >= ctx.job.notes["until"]:
            return self._out_of_patience(asked, ctx, seen)
        return self._ask(ctx, vm)

    def _off(self, asked: ShutdownVm, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm = seen.value
        restart = vm.node if asked.restart_on_ready else None
        return Done(f"{vm.name} is off", {"vm": vm.name}, ops=plan_stopped(ctx, seen, restart))

    def _begin(self, asked: ShutdownVm, ctx: Context, vm: VmSpec) -> Outcome:
        patience = asked.timeout_s or ctx.world.config.hypervisor.shutdown_timeout_s
        ctx.change(stage="asked")
        ctx.remember(until=ctx.now + patience, asked=0.0)
        ctx.log(f"asking {vm.name} to power off; it has {patience:.0f} s")
        ctx.save()
        return self._ask(ctx, vm)

    def _ask(self, ctx: Context, vm: VmSpec) -> Outcome:
        ctx.me.watch(ctx.job.id, vm.uuid)
        if ctx.now - ctx.job.notes["asked"] >= ASK_AGAIN_S:
            ctx.acting.shutdown(vm.uuid)
            ctx.remember(asked=ctx.now)
        return Hold(until=min(ctx.now + ASK_AGAIN_S, ctx.job.notes["until"]))

    def _out_of_patience(self, asked: ShutdownVm, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm = seen.value
        if asked.then_stop:
            stop_at_once(ctx, vm)
            return self._off(asked, ctx, seen)
        return Fail(
            GuestIgnoresShutdown(
                f"{vm.name} did not power off in time; it keeps running",
                f"Look at its console, or stop it: pvc vm stop {vm.name}",
            )
        )

    def rest(self, asked: ShutdownVm, ctx: Context) -> Outcome:
        """What the guest was asked cannot be taken back; it may still power off, and then says so itself."""
        seen = load_vm_here(ctx, asked.vm)
        if isinstance(seen, Reroute) or runs_here(ctx.looking, seen.value.uuid):
            return Rest("the guest still runs; if it was asked already, it may yet power off")
        return self.step(asked, ctx)
