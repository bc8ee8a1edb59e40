"""`vm stop`: stop a VM at once."""

from __future__ import annotations

from pvc_core.decide.transitions import Act
from pvc_core.model.operations import StopVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.admitting import admit_change
from pvc_tasks.operations.common import bump_placement_now, load_vm_here, reports_now, runs_here, stopped
from pvc_tasks.operations.poweroff import clear_remains, stop_at_once
from pvc_tasks.operations.unsettled import load_located
from pvc_tasks.outcome import Done, Outcome, Reroute, Rest
from pvc_tasks.world import World


class StopVmHandler(Handler[StopVm]):
    operation = StopVm

    def admit(self, asked: StopVm, world: World) -> Admission:
        return admit_change(Act.STOP, asked.vm, world)

    def step(self, asked: StopVm, ctx: Context) -> Outcome:
        seen = load_to_stop(ctx, asked.vm)
        if not isinstance(seen, Seen):
            return seen
        end_here(ctx, seen.value)
        text = f"{seen.value.name} is stopped{stays_down(seen.value)}"
        return Done(text, {"vm": seen.value.name}, ops=plan_stopped(ctx, seen))

    def rest(self, asked: StopVm, ctx: Context) -> Outcome:
        return rest_from_stopping(ctx, asked.vm) or self.step(asked, ctx)


def load_to_stop(ctx: Context, reference: str) -> Seen[VmSpec] | Outcome:
    """A VM that should run is stopped where it runs; any other wherever this job was sent."""
    seen = load_vm(ctx.store, reference)
    return seen if seen.value.state is not Wanted.START else load_located(ctx, reference)


def rest_from_stopping(ctx: Context, reference: str) -> Rest | None:
    """None for a guest that was stopped, which is yet to be recorded."""
    seen = load_vm(ctx.store, reference)
    if ctx.job.begun and seen.value.node == ctx.me.node and not runs_here(ctx.looking, seen.value.uuid):
        return None
    return Rest("it was not stopped")


def rest_from_asking(ctx: Context, reference: str) -> Rest | None:
    """None for a guest that is off by now. What it was asked cannot be taken back: it may yet power off, and
    then says so itself."""
    seen = load_vm_here(ctx, reference)
    if not isinstance(seen, Reroute) and seen.value.moving_to is not None:
        return Rest("nobody knows yet where the guest is; it was not asked")
    if isinstance(seen, Reroute) or runs_here(ctx.looking, seen.value.uuid):
        return Rest("the guest still runs; if it was asked already, it may yet power off")
    return None


def stays_down(vm: VmSpec) -> str:
    """What is to be said of one that a flush had stopped for a while."""
    node = vm.restart_on_ready
    return "" if node is None else f", and stays so: `node ready {node}` does not start it any more"


def end_here(ctx: Context, vm: VmSpec) -> None:
    """See to it that this node has no domain of it; raises HypervisorRefused."""
    if runs_here(ctx.looking, vm.uuid):
        stop_at_once(ctx, vm)
    clear_remains(ctx, vm)


def plan_stopped(ctx: Context, seen: Seen[VmSpec], restart_on_ready: str | None = None) -> tuple[Op, ...]:
    """Record that the domain is gone; its memory is free for others."""
    after = stopped(seen.value, reports_now(ctx.store, ctx.me.node), restart_on_ready)
    return (seen.save(after), bump_placement_now(ctx.store, ctx.job.id))
