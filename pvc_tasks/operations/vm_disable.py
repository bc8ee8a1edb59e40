"""`vm disable`: nothing but `vm start` shall start it again."""

from __future__ import annotations

from pvc_core.decide.transitions import Act
from pvc_core.model.operations import DisableVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.documents import Seen
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.admitting import admit_change
from pvc_tasks.operations.common import bump_placement_now, reports_now, runs_here, stopped
from pvc_tasks.operations.poweroff import clear_remains, end_guest
from pvc_tasks.operations.vm_stop import load_to_stop, rest_from_asking, rest_from_stopping
from pvc_tasks.outcome import Done, Outcome
from pvc_tasks.world import World


class DisableVmHandler(Handler[DisableVm]):
    operation = DisableVm

    def admit(self, asked: DisableVm, world: World) -> Admission:
        return admit_change(_act(asked), asked.vm, world)

    def step(self, asked: DisableVm, ctx: Context) -> Outcome:
        seen = load_to_stop(ctx, asked.vm)
        if not isinstance(seen, Seen):
            return seen
        vm = seen.value
        if runs_here(ctx.looking, vm.uuid):
            waiting = end_guest(asked, ctx, vm, asked.force)
            if waiting is not None:
                return waiting
        clear_remains(ctx, vm)
        return self._disabled(ctx, seen)

    def rest(self, asked: DisableVm, ctx: Context) -> Outcome:
        rest = rest_from_stopping if asked.force else rest_from_asking
        return rest(ctx, asked.vm) or self.step(asked, ctx)

    def _disabled(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        vm = seen.value
        after = stopped(vm, reports_now(ctx.store, ctx.me.node)).but(state=Wanted.DISABLE)
        ops = (seen.save(after), bump_placement_now(ctx.store, ctx.job.id))
        return Done(f"{vm.name} is disabled", {"vm": vm.name}, ops=ops)


def _act(asked: DisableVm) -> Act:
    return Act.DISABLE_FORCE if asked.force else Act.DISABLE
