"""`node flush`: empty a node of its running VMs, and prove it.

The stages: *(none)* close the node · *holding* its OSDs, where it goes into maintenance · *moving* plan, move
a wave, plan again · then look at libvirt, the tree and the storage: only what all show empty is `flushed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pvc_core.decide.flush import plan_flush
from pvc_core.decide.node_plan import Left, Rules
from pvc_core.decide.wave import Limits
from pvc_core.errors import WrongState
from pvc_core.model.job import JobState
from pvc_core.model.node import NodeState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.operations.node import OnBlocked
from pvc_core.model.plan import PlannedLine
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import PlanView
from pvc_core.model.vm import Wanted
from pvc_core.store import tree
from pvc_core.store.look import is_unfinished, look_at_cluster, look_at_node
from pvc_core.store.port import Op
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.children import cancel_children, load_children
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import check_node_answers
from pvc_tasks.operations.held_disks import look_for_held, witnesses
from pvc_tasks.operations.maintenance import (
    await_may_stop,
    check_maintenance,
    hold,
    let_go_if_ours,
)
from pvc_tasks.operations.moving import (
    Round,
    await_capacity,
    await_children,
    begin_wave,
    left_as_result,
    look_around,
    narrower,
    show_progress,
    view_of,
)
from pvc_tasks.operations.nodes import FLUSH_LOCK, plan_node_state, unfinished_of
from pvc_tasks.outcome import Again, Done, Outcome, Rest, Wait
from pvc_tasks.plans import as_note, check_kept, from_note, keep_plan, promised
from pvc_tasks.words import count
from pvc_tasks.world import World


class FlushNodeHandler(Handler[FlushNode]):
    operation = FlushNode

    def admit(self, asked: FlushNode, world: World) -> Admission:
        node = look_at_node(world.store, asked.node)
        check_node_answers(node, "what runs there cannot be moved")
        begins = asked.maintenance and node.spec.maintenance is None
        if node.spec.state is NodeState.FLUSHED and not node.domains and not begins:
            raise WrongState(
                f"{asked.node} is flushed already",
                f"Take it back into service with `pvc node ready {asked.node}`.",
            )
        check_maintenance(asked, world, patient=True)
        if (shown := promised(world, asked)) is not None:
            check_kept(shown, plan_flush(look_at_cluster(world.store), asked.node, _rules(asked)))
        objects = (f"node:{asked.node}",)
        superseded = unfinished_of(world.store, asked.node, ReadyNode.name)
        return Admission(tree.node_queue(asked.node), asked.node, objects, (FLUSH_LOCK,), superseded)

    def plan(self, asked: FlushNode, world: World) -> PlanView:
        check_maintenance(asked, world, patient=False)
        plan = plan_flush(look_at_cluster(world.store), asked.node, _rules(asked))
        if (shown := promised(world, asked)) is not None:
            check_kept(shown, plan)
        return view_of(asked.name, plan, keep_plan(world, asked, plan))

    def step(self, asked: FlushNode, ctx: Context) -> Outcome:
        if ctx.job.stage == "":
            return self._close(asked, ctx)
        if ctx.job.stage == "holding":
            return self._hold(asked, ctx)
        found = look_around(ctx, asked.node, plan_flush, _rules(asked, from_note(ctx.job.notes)))
        begun = begin_wave(ctx, found, _limits(asked, ctx))
        show_progress(ctx, found, "moved")
        if begun or found.busy:
            return await_children(ctx, found, "moved")
        waiting = _wait_for_others(ctx, asked, found) or await_may_stop(ctx, asked)
        return waiting or self._verify(asked, ctx, found)

    def _close(self, asked: FlushNode, ctx: Context) -> Outcome:
        check_maintenance(asked, ctx.world, patient=False)
        cluster = look_at_cluster(ctx.store)
        shown = promised(ctx.world, asked)
        if shown is not None:
            check_kept(shown, plan_flush(cluster, asked.node, _rules(asked)))
        ctx.change(stage="holding" if asked.maintenance else "moving")
        ctx.log(f"closing {asked.node} to new VMs")
        ctx.remember(**as_note(shown))
        placement = None if shown is None else cluster.placement_version
        ops = plan_node_state(
            ctx.store,
            asked.node,
            NodeState.FLUSHING,
            ctx.job.id,
            ctx.now,
            placement,
            maintained=asked.maintenance or None,
        )
        ctx.remember(before=look_at_node(ctx.store, asked.node).spec.state)
        ctx.save(*ops)
        return Again()

    def _hold(self, asked: FlushNode, ctx: Context) -> Outcome:
        hold(ctx, asked.node)
        ctx.change(stage="moving")
        ctx.save()
        return Again()

    def _verify(self, asked: FlushNode, ctx: Context, found: Round) -> Outcome:
        """The proof: made on what libvirt shows now, committed only if the tree is still as read."""
        left = [*found.plan.left, *_still_there(ctx.looking, found.cluster, asked.node, found.plan.left)]
        held = look_for_held(ctx, found.cluster, asked.node, {item.uuid for item in left})
        if isinstance(held, Wait):
            return held
        left += held
        state = NodeState.PARTIAL if left else NodeState.FLUSHED
        ops = plan_node_state(
            ctx.store, asked.node, state, ctx.job.id, ctx.now, placement=found.cluster.placement_version
        )
        moved, shut_down = found.succeeded - found.shut_down, found.shut_down
        result = {"moved": moved, "shut_down": shut_down, "left": left_as_result(left)}
        if left:
            names = ", ".join(f"{item.vm} ({item.code})" for item in left)
            text = f"{asked.node} is not empty; left there: {names}"
            return Done(text, result, JobState.PARTIAL, ops)
        done = f"{count(moved, 'VM')} moved" + (f", {shut_down} shut down" if shut_down else "")
        text = f"{asked.node} is flushed: {done}; {witnesses(ctx.world)} show none left"
        return Done(text, result, ops=ops)

    def rest(self, asked: FlushNode, ctx: Context) -> Outcome:
        """Stop what is under way; what has moved stays moved, and the node is again as it was before."""
        children = load_children(ctx.store, ctx.job.id)
        if stopping := cancel_children(ctx, children):
            return Wait("child", stopping[0].id, "stops the migrations under way")
        moved = sum(job.state is JobState.SUCCEEDED for job in children)
        released = let_go_if_ours(ctx, asked.node) if asked.maintenance else ""
        before = ctx.job.notes.get("before", NodeState.READY)
        text = f"{count(moved, 'VM')} moved and stay where they are; {asked.node} is {before} again{released}"
        ops = self.leave(asked, ctx.world, ctx.job.notes, ctx.job.id)
        return Rest(text, ops, {"moved": moved})

    def leave(self, asked: FlushNode, world: World, notes: Mapping[str, Any], job: str) -> tuple[Op, ...]:
        if "before" not in notes:
            return ()
        before = NodeState(notes["before"])
        return plan_node_state(world.store, asked.node, before, job, world.clock.now(), only_if_by=job)


def _limits(asked: FlushNode, ctx: Context) -> Limits:
    return narrower(ctx.world.limits, asked.parallel, "parallel_out")


def _rules(asked: FlushNode, shown: Sequence[PlannedLine] | None = None) -> Rules:
    return Rules(
        stop_blocked=asked.on_blocked is not OnBlocked.LEAVE,
        force_stop=asked.on_blocked is OnBlocked.STOP,
        despite=asked.despite,
        shown=shown,
    )


def _wait_for_others(ctx: Context, asked: FlushNode, found: Round) -> Wait | None:
    """Migrations that are not this job's children: in and out of the node, or using up the limits."""
    for vm in found.cluster.vms.values():
        if vm.moving_to is not None and vm.node == asked.node:
            return Wait(
                "node", asked.node, f"waits for {vm.name} to leave {asked.node} (task {vm.moving_job})"
            )
        # One that was given up unseen may never arrive; whether it has is for libvirt to show.
        if vm.moving_to == asked.node and is_unfinished(ctx.store, vm.moving_job):
            return Wait("node", asked.node, f"waits for {vm.name} to arrive (task {vm.moving_job})")
    return await_capacity(asked.node, found, _limits(asked, ctx)) if found.plan.steps else None


def _still_there(hypervisor: Hypervisor, cluster: Cluster, node: str, left: tuple[Left, ...]) -> list[Left]:
    """VMs of the cluster that libvirt shows on the node although the records expected none."""
    known = {item.uuid for item in left}
    return [
        _unexpected(cluster, domain.uuid, node)
        for domain in hypervisor.domains()
        if domain.active and domain.uuid in cluster.vms and domain.uuid not in known
    ]


def _unexpected(cluster: Cluster, uuid: str, node: str) -> Left:
    vm = cluster.vms[uuid]
    recorded = f"on {vm.node}" if vm.state is Wanted.START else "stopped"
    message = f"libvirt shows it on {node}, although it is recorded as {recorded}"
    return Left(
        uuid, vm.name, node, "STILL_RUNNING", message, f"Look at `pvc vm info {vm.name}`, then flush again."
    )
