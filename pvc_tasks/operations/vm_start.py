"""`vm start`: run a VM on its node, or on the best one if that is closed to it."""

from __future__ import annotations

from pvc_core.decide.placement import Choice, decide_node, refuse
from pvc_core.decide.sharing import DiskTaken, check_alone
from pvc_core.decide.transitions import Act, check_transition
from pvc_core.errors import WrongState
from pvc_core.model.operations import StartVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.admitting import admit_change
from pvc_tasks.operations.common import (
    bump_placement,
    bump_placement_now,
    reports_now,
    runs_here,
    stopped,
)
from pvc_tasks.operations.open_elsewhere import look_for_open_elsewhere
from pvc_tasks.operations.overtaken import check_as_planned
from pvc_tasks.operations.poweroff import clear_remains
from pvc_tasks.operations.resuming import let_run_on
from pvc_tasks.operations.starting import await_start, start_domain
from pvc_tasks.operations.unsettled import locate
from pvc_tasks.outcome import Done, Fail, Outcome, Reroute, Rest
from pvc_tasks.world import World


class StartVmHandler(Handler[StartVm]):
    operation = StartVm

    def admit(self, asked: StartVm, world: World) -> Admission:
        vm, cluster = load_vm(world.store, asked.vm).value, look_at_cluster(world.store)
        act = Act.RECOVER if asked.recover else Act.START
        check_transition(cluster, vm, act)
        if not cluster.seen_on(vm.uuid):
            check_alone(cluster, vm)
        return admit_change(act, vm.uuid, world, _decide_node(cluster, vm))

    def step(self, asked: StartVm, ctx: Context) -> Outcome:
        seen = load_vm(ctx.store, asked.vm)
        vm, here = seen.value, ctx.me.node
        if asked.recover and vm.state is not Wanted.START:
            return Done(f"{vm.name} was stopped meanwhile, and stays so", {"vm": vm.name})
        check_as_planned(ctx, vm.state is Wanted.START or vm.restart_on_ready is not None)
        if vm.state is Wanted.START and vm.node != here:
            return Reroute(tree.node_queue(vm.node), f"{vm.name} belongs on {vm.node} by now; going on there")
        found = locate(ctx, seen)
        if not isinstance(found, Seen):
            return found
        if runs_here(ctx.looking, vm.uuid):
            waiting = await_start(ctx, vm) or (None if asked.recover else let_run_on(ctx, vm))
            return waiting or self._running(ctx, found)
        return self._start(ctx, found) if vm.state is Wanted.START else self._claim_place(ctx, found)

    def _start(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        """Its place is its own, and it runs nowhere."""
        vm, here = seen.value, ctx.me.node
        try:
            elsewhere = look_for_open_elsewhere(ctx, vm)
        except DiskTaken as error:
            return Fail(error, self._give_back(ctx, seen))
        if elsewhere is not None:
            return elsewhere
        if ctx.job.stage != "starting":
            ctx.change(stage="starting")
            ctx.log(f"starting {vm.name} on {here}")
            # Saved in any case: an agent that looked before this must not record what it saw.
            ctx.save(seen.save(vm.but(running=None)))
        clear_remains(ctx, vm)
        if (refused := start_domain(ctx, vm.uuid)) is not None:
            return Fail(refused, self._give_back(ctx, seen))
        return self._running(ctx, load_vm(ctx.store, vm.uuid))

    def _claim_place(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        """A stopped VM's domain is proven gone, and no other node shows a copy: so it may become this node's;
        its memory is taken first."""
        cluster, here = look_at_cluster(ctx.store), ctx.me.node
        vm = seen.value
        check_transition(cluster, vm, Act.START)
        refusal = refuse(cluster, vm, here)
        if refusal is not None:
            node = _decide_node(cluster, vm)
            if node == here:
                raise WrongState(f"{here} cannot take {vm.name}: {refusal.message}", refusal.remedy)
            return Reroute(tree.node_queue(node), f"{here} cannot take it: {refusal.message}; trying {node}")
        ctx.change(stage="starting")
        ctx.remember(was_stopped=True, restart_on_ready=vm.restart_on_ready)
        ctx.log(f"starting {vm.name} on {here}")
        ctx.save(seen.save(_placed(vm, here)), bump_placement(cluster.placement_version, ctx.job.id))
        return self.step(StartVm(vm=vm.uuid), ctx)

    def _running(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        """It runs here; the record must say so, whoever started it."""
        vm, here = seen.value, ctx.me.node
        after = _placed(vm, here).but(report_marks=reports_now(ctx.store, here))
        ops: tuple[Op, ...] = (seen.save(after),)
        if vm.state is not Wanted.START or vm.node != here:
            ops = (*ops, bump_placement_now(ctx.store, ctx.job.id))
        return Done(f"{vm.name} runs on {here}", {"vm": vm.name, "node": here}, ops=ops)

    def _give_back(self, ctx: Context, seen: Seen[VmSpec]) -> tuple[Op, ...]:
        """A VM that was stopped, and is seen not to run, is stopped again: its memory is free.

        Only this node's libvirt can tell. A job that ends without having asked it leaves the VM recorded as
        running here, so that it is started nowhere else.
        """
        if not ctx.job.notes.get("was_stopped"):
            return ()
        after = stopped(seen.value, reports_now(ctx.store, ctx.me.node), ctx.job.notes["restart_on_ready"])
        return (seen.save(after), bump_placement_now(ctx.store, ctx.job.id))

    def rest(self, asked: StartVm, ctx: Context) -> Outcome:
        """A start is not undone: a VM that runs by now has been started."""
        seen = load_vm(ctx.store, asked.vm)
        vm = seen.value
        if vm.node == ctx.me.node and vm.moving_to is None and runs_here(ctx.looking, vm.uuid):
            return self._running(ctx, seen)
        return Rest(f"{vm.name} was not started", self._give_back(ctx, seen))


def _placed(vm: VmSpec, node: str) -> VmSpec:
    return vm.placed(node, state=Wanted.START, restart_on_ready=None, left_down="")


def _decide_node(cluster: Cluster, vm: VmSpec) -> str:
    """Where to start: where it must already be, else where it was, else the best node.

    Raises NoPlacement.
    """
    if vm.state is Wanted.START or (vm.node in cluster.nodes and refuse(cluster, vm, vm.node) is None):
        return vm.node
    choice = decide_node(cluster, vm)
    if isinstance(choice, Choice):
        return choice.node
    raise choice.error(vm.name)
