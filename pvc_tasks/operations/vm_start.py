"""`vm start`: run a VM on its node, or on the best one if that is closed to it."""

from __future__ import annotations

from pvc_core.decide.placement import Choice, decide_node, refuse
from pvc_core.errors import HypervisorRefused, WrongState
from pvc_core.model.operations import StartVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import (
    ask_node,
    bump_placement,
    bump_placement_now,
    check_node_answers,
    reports_now,
    runs_here,
    stopped,
    vm_lock,
    vm_objects,
)
from pvc_tasks.outcome import Done, Fail, Outcome, Reroute, Rest, Wait
from pvc_tasks.world import World

LOOK_AGAIN_S = 1.0


class StartVmHandler(Handler[StartVm]):
    operation = StartVm

    def admit(self, asked: StartVm, world: World) -> Admission:
        vm = load_vm(world.store, asked.vm).value
        if asked.recover and vm.state is not Wanted.START:
            raise WrongState(f"{vm.name} should not be running", f"Start it: pvc vm start {vm.name}")
        cluster = look_at_cluster(world.store)
        seen_on = cluster.seen_on(vm.uuid)
        if vm.state is Wanted.START and seen_on:
            raise WrongState(f"{vm.name} runs already, on {' and '.join(seen_on)}", "Nothing to do.")
        node = _decide_node(cluster, vm)
        check_node_answers(
            cluster.node(node), f"{vm.name} may still run there, so it is started nowhere else"
        )
        return Admission(tree.node_queue(node), vm.name, vm_objects(vm.uuid, node), (vm_lock(vm.uuid),))

    def step(self, asked: StartVm, ctx: Context) -> Outcome:
        seen = load_vm(ctx.store, asked.vm)
        vm, here = seen.value, ctx.me.node
        if asked.recover and vm.state is not Wanted.START:
            return Done(f"{vm.name} was stopped meanwhile, and stays so", {"vm": vm.name})
        if vm.state is Wanted.START and vm.node != here:
            return Reroute(tree.node_queue(vm.node), f"{vm.name} belongs on {vm.node} by now; going on there")
        if runs_here(ctx.looking, vm.uuid):
            return self._running(ctx, seen)
        if vm.state is not Wanted.START:
            return self._claim_place(ctx, seen)
        elsewhere = _look_elsewhere(ctx, vm)
        if elsewhere is not None:
            return elsewhere
        if not ctx.job.begun:
            ctx.change(stage="starting")
            ctx.log(f"starting {vm.name} on {here}")
            # Saved as it is: an agent that looked before this must not record what it saw.
            ctx.save(seen.save(vm))
        xml = ctx.store.load(tree.vm_xml(vm.uuid)).value.xml
        try:
            ctx.acting.start(xml)
        except HypervisorRefused as error:
            return self._refused(ctx, seen, error)
        return self._running(ctx, load_vm(ctx.store, vm.uuid))

    def _refused(self, ctx: Context, seen: Seen[VmSpec], error: HypervisorRefused) -> Outcome:
        if runs_here(ctx.looking, seen.value.uuid):
            return self._running(ctx, seen)
        return Fail(error, self._give_back(ctx, seen))

    def _claim_place(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        """A stopped VM's domain is proven gone, so it may become this node's; its memory is taken first."""
        cluster, here = look_at_cluster(ctx.store), ctx.me.node
        vm = seen.value
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
        if seen.value.node == ctx.me.node and runs_here(ctx.looking, seen.value.uuid):
            return self._running(ctx, seen)
        return Rest(f"{seen.value.name} was not started", self._give_back(ctx, seen))


def _look_elsewhere(ctx: Context, vm: VmSpec) -> Outcome | None:
    """A migration that nobody saw end may have carried it over: started here only if it is not there."""
    target = vm.moving_to
    found = "absent" if target is None else ask_node(ctx, target, vm.uuid)
    if target is None or found == "absent":
        return None
    if found == "running":
        raise WrongState(
            f"{vm.name} runs on {target}, where a migration took it", "Its agent adopts it there."
        )
    text = f"{vm.name} may have been moved to {target}; waits for {target} to tell"
    return Wait("node", target, text, until=ctx.now + LOOK_AGAIN_S)


def _placed(vm: VmSpec, node: str) -> VmSpec:
    """On a node for running; elsewhere than at home, its home is remembered."""
    home = vm.home
    return vm.but(
        state=Wanted.START,
        node=node,
        previous_node=None if home == node else home,
        restart_on_ready=None,
        moving_to=None,
        moving_job=None,
    )


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
