"""`vm stop`: stop a VM at once."""

from __future__ import annotations

from pvc_core.errors import HypervisorRefused, WrongState
from pvc_core.model.operations import StopVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_node
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import (
    bump_placement_now,
    check_node_answers,
    load_vm_here,
    reports_now,
    runs_here,
    stopped,
    vm_lock,
    vm_objects,
)
from pvc_tasks.outcome import Done, Outcome, Reroute
from pvc_tasks.world import World


class StopVmHandler(Handler[StopVm]):
    operation = StopVm

    def admit(self, asked: StopVm, world: World) -> Admission:
        return admit_stopping(asked.vm, world)

    def step(self, asked: StopVm, ctx: Context) -> Outcome:
        seen = load_vm_here(ctx, asked.vm)
        if isinstance(seen, Reroute):
            return seen
        vm = seen.value
        if runs_here(ctx.looking, vm.uuid):
            stop_at_once(ctx, vm)
        return Done(f"{vm.name} is stopped", {"vm": vm.name}, ops=plan_stopped(ctx, seen))


def admit_stopping(reference: str, world: World) -> Admission:
    """A VM can be stopped when it should run, or is seen to run although it should not."""
    vm = load_vm(world.store, reference).value
    node = look_at_node(world.store, vm.node)
    seen = any(domain.uuid == vm.uuid and domain.active for domain in node.domains)
    if vm.state is not Wanted.START and not seen:
        raise WrongState(f"{vm.name} is stopped already", "Nothing to do.")
    check_node_answers(node, f"{vm.name} cannot be reached there")
    return Admission(tree.node_queue(vm.node), vm.name, vm_objects(vm.uuid, vm.node), (vm_lock(vm.uuid),))


def plan_stopped(ctx: Context, seen: Seen[VmSpec], restart_on_ready: str | None = None) -> tuple[Op, ...]:
    """Record that the domain is gone; its memory is free for others."""
    after = stopped(seen.value, reports_now(ctx.store, ctx.me.node), restart_on_ready)
    return (seen.save(after), bump_placement_now(ctx.store, ctx.job.id))


def stop_at_once(ctx: Context, vm: VmSpec) -> None:
    """Destroy the domain and see it gone; raises HypervisorRefused when it is not."""
    ctx.change(stage="stopping")
    ctx.log(f"stopping {vm.name} at once")
    ctx.save()
    ctx.acting.destroy(vm.uuid)
    if runs_here(ctx.looking, vm.uuid):
        raise HypervisorRefused(
            f"libvirt says it stopped {vm.name}, yet still shows it",
            "Look at its QEMU process on the node, then try again.",
        )
