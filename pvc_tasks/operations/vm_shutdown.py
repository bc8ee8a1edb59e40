"""`vm shutdown`: ask the guest by ACPI, and wait until it is off."""

from __future__ import annotations

from pvc_core.decide.transitions import Act
from pvc_core.model.operations import ShutdownVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.documents import Seen
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.admitting import admit_change
from pvc_tasks.operations.common import runs_here
from pvc_tasks.operations.overtaken import check_as_planned, follow
from pvc_tasks.operations.poweroff import clear_remains, power_off
from pvc_tasks.operations.vm_stop import load_to_stop, plan_stopped, rest_from_asking, stays_down
from pvc_tasks.outcome import Done, Outcome
from pvc_tasks.world import World


class ShutdownVmHandler(Handler[ShutdownVm]):
    operation = ShutdownVm

    def admit(self, asked: ShutdownVm, world: World) -> Admission:
        return admit_change(Act.SHUTDOWN, asked.vm, world)

    def step(self, asked: ShutdownVm, ctx: Context) -> Outcome:
        seen = load_to_stop(ctx, asked.vm)
        if not isinstance(seen, Seen):
            return follow(ctx, seen)
        vm = seen.value
        allowed = vm.autorestart or not asked.restart_on_ready
        check_as_planned(ctx, vm.state is Wanted.START and allowed)
        if not runs_here(ctx.looking, vm.uuid):
            return self._off(asked, ctx, seen)
        return power_off(asked, ctx, vm) or self._off(asked, ctx, seen)

    def _off(self, asked: ShutdownVm, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm = seen.value
        clear_remains(ctx, vm)
        # A flush may have asked before the VM's admin took its autorestart away.
        wanted = asked.restart_on_ready and (vm.autorestart or ctx.job.parent is None)
        restart = vm.node if wanted else None
        return Done(
            f"{vm.name} is off{'' if restart else stays_down(vm)}",
            {"vm": vm.name},
            ops=plan_stopped(ctx, seen, restart),
        )

    def rest(self, asked: ShutdownVm, ctx: Context) -> Outcome:
        return rest_from_asking(ctx, asked.vm) or self.step(asked, ctx)
