"""`node flush`: empty a node of its running VMs, and prove it.

The stages: *(none)* close the node · *holding* its OSDs, where it goes into maintenance · *moving* plan, move
a wave, plan again · then look at libvirt, the tree and the storage: only what all show empty is `flushed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pvc_core.decide.flush import plan_flush
from pvc_core.decide.node_plan import Rules
from pvc_core.decide.wave import Limits
from pvc_core.errors import WrongState
from pvc_core.model.node import NodeState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.operations.node import OnBlocked
from pvc_core.model.plan import PlannedLine
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import PlanView
from pvc_core.store import tree
from pvc_core.store.look import is_unfinished, look_at_cluster, look_at_node
from pvc_core.store.port import Op
from pvc_tasks.children import cancel_children, load_children
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import check_node_answers
from pvc_tasks.operations.flush_ends import look_for_unsettled, still_there, told, told_at_rest
from pvc_tasks.operations.held_disks import look_for_held
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
    look_around,
    narrower,
    show_progress,
    view_of,
)
from pvc_tasks.operations.nodes import FLUSH_LOCK, plan_node_state, plan_turn, unfinished_of
from pvc_tasks.outcome import Again, Outcome, Rest, Wait
from pvc_tasks.plans import as_note, check_kept, from_note, keep_plan, promised
from pvc_tasks.world import World


class FlushNodeHandler(Handler[FlushNode]):
    operation = FlushNode

    def admit(self, asked: FlushNode, world: World) -> Admission:
        turn = plan_turn(world.store, asked.node)
        self._look(asked, world, patient=True)
        superseded = unfinished_of(world.store, asked.node, ReadyNode.name)
        queue, objects = tree.node_queue(asked.node), (f"node:{asked.node}",)
        return Admission(queue, asked.node, objects, (FLUSH_LOCK,), superseded, turn=turn)

    def plan(self, asked: FlushNode, world: World) -> PlanView:
        plan = plan_flush(self._look(asked, world, patient=False), asked.node, _rules(asked))
        return view_of(asked.name, plan, keep_plan(world, asked, plan))

    def _look(self, asked: FlushNode, world: World, patient: bool) -> Cluster:
        """Raises what stands against it."""
        cluster = look_at_cluster(world.store)
        node = cluster.node(asked.node)
        check_node_answers(node, "what runs there cannot be moved")
        begins = asked.maintenance and node.spec.maintenance is None
        if node.spec.state is NodeState.FLUSHED and not node.domains and not begins:
            raise WrongState(
                f"{asked.node} is flushed already",
                f"Take it back into service with `pvc node ready {asked.node}`.",
            )
        check_maintenance(asked, world, patient)
        if (shown := promised(world, asked)) is not None:
            check_kept(shown, plan_flush(cluster, asked.node, _rules(asked)))
        return cluster

    def step(self, asked: FlushNode, ctx: Context) -> Outcome:
        if ctx.job.stage == "":
            return self._close(asked, ctx)
        if ctx.job.stage == "holding":
            return self._hold(asked, ctx)
        found = look_around(ctx, asked.node, plan_flush, _rules(asked, from_note(ctx.job.notes)))
        begun = begin_wave(ctx, asked, found, _limits(asked, ctx))
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
        gone = look_for_unsettled(ctx, found.cluster, asked.node)
        if isinstance(gone, Wait):
            return gone
        left = [*found.plan.left, *gone]
        left += still_there(ctx.looking, found.cluster, asked.node, left)
        held = look_for_held(ctx, found.cluster, asked.node, {item.uuid for item in left})
        if isinstance(held, Wait):
            return held
        left += held
        state = NodeState.PARTIAL if left else NodeState.FLUSHED
        ops = plan_node_state(
            ctx.store, asked.node, state, ctx.job.id, ctx.now, placement=found.cluster.placement_version
        )
        return replace(told(ctx, asked.node, found, left), ops=ops)

    def rest(self, asked: FlushNode, ctx: Context) -> Outcome:
        """Stop what is under way; what has moved stays moved, and the node is again as it was before."""
        children = load_children(ctx.store, ctx.job.id)
        if stopping := cancel_children(ctx, children):
            return Wait("child", stopping[0].id, "stops the migrations under way")
        text, result = told_at_rest(asked.node, children)
        released = let_go_if_ours(ctx, asked.node) if asked.maintenance else ""
        before = ctx.job.notes.get("before", NodeState.READY)
        ops = self.leave(asked, ctx.world, ctx.job.notes, ctx.job.id)
        return Rest(f"{text}; {asked.node} is {before} again{released}", ops, result)

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
    """Migrations that are not this job's children: in and out of the node, or using up the limits.

    Of one that was given up, libvirt and the agents tell what became of it.
    """
    for vm in found.cluster.vms.values():
        if asked.node not in (vm.node, vm.moving_to) or not is_unfinished(ctx.store, vm.moving_job):
            continue
        way = f"to leave {asked.node}" if vm.node == asked.node else "to arrive"
        return Wait("node", asked.node, f"waits for {vm.name} {way} (task {vm.moving_job})")
    return await_capacity(asked.node, found, _limits(asked, ctx)) if found.plan.steps else None
