"""`node ready`: take a node back into service and bring its VMs home."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from pvc_core.decide.left_behind import name_left, tell_left
from pvc_core.decide.node_plan import NodePlan, Rules
from pvc_core.decide.ready import plan_ready
from pvc_core.errors import WrongState
from pvc_core.model.job import JobState
from pvc_core.model.node import NodeState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import PlanView
from pvc_core.store import tree
from pvc_core.store.look import look_at_cluster, look_at_node
from pvc_core.store.port import Op
from pvc_tasks.children import cancel_children, load_children
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import check_node_answers
from pvc_tasks.operations.maintenance import RELEASING, await_storage, tell_released
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
from pvc_tasks.outcome import Again, Done, Outcome, Rest, Wait
from pvc_tasks.plans import as_note, check_kept, from_note, keep_plan, promised
from pvc_tasks.words import count
from pvc_tasks.world import World

CLOSED = ("", RELEASING)
"""Stages in which the node has not been opened yet."""


class ReadyNodeHandler(Handler[ReadyNode]):
    operation = ReadyNode

    def admit(self, asked: ReadyNode, world: World) -> Admission:
        turn = plan_turn(world.store, asked.node)
        superseded = unfinished_of(world.store, asked.node, FlushNode.name)
        self._look(asked, world, superseded)
        queue, objects = tree.node_queue(asked.node), (f"node:{asked.node}",)
        return Admission(queue, asked.node, objects, (FLUSH_LOCK,), superseded, turn=turn)

    def plan(self, asked: ReadyNode, world: World) -> PlanView:
        plan = self._look(asked, world, unfinished_of(world.store, asked.node, FlushNode.name))
        return view_of(asked.name, plan, keep_plan(world, asked, plan))

    def _look(self, asked: ReadyNode, world: World, superseded: Collection[str]) -> NodePlan:
        """What would be done; raises what stands against it."""
        cluster = look_at_cluster(world.store)
        node = cluster.node(asked.node)
        check_node_answers(node, "it cannot be taken back into service")
        plan = plan_ready(_as_if_ready(cluster, asked.node), asked.node, Rules())
        if (shown := promised(world, asked)) is not None:
            check_kept(shown, plan)
        maintained = node.spec.maintenance is not None
        if node.spec.state is NodeState.READY and not (superseded or plan.steps or plan.left or maintained):
            raise WrongState(f"{asked.node} is ready, and none of its VMs is away", "Nothing to do.")
        return plan

    def step(self, asked: ReadyNode, ctx: Context) -> Outcome:
        if ctx.job.stage in CLOSED:
            return await_storage(ctx, asked) or self._open(asked, ctx)
        limits = narrower(ctx.world.limits, asked.parallel, "parallel_in")
        found = look_around(ctx, asked.node, plan_ready, Rules(shown=from_note(ctx.job.notes)))
        begun = begin_wave(ctx, asked, found, limits)
        show_progress(ctx, found, "back")
        if begun or found.busy:
            return await_children(ctx, found, "back")
        if found.plan.steps or found.plan.later:
            return await_capacity(asked.node, found, limits)
        return self._finish(asked, found)

    def _open(self, asked: ReadyNode, ctx: Context) -> Outcome:
        cluster = look_at_cluster(ctx.store)
        shown = promised(ctx.world, asked)
        if shown is not None:
            check_kept(shown, plan_ready(_as_if_ready(cluster, asked.node), asked.node, Rules()))
        ctx.change(stage="returning")
        ctx.log(f"opening {asked.node}")
        ctx.remember(**as_note(shown))
        placement = None if shown is None else cluster.placement_version
        ready = NodeState.READY
        ctx.save(
            *plan_node_state(ctx.store, asked.node, ready, ctx.job.id, ctx.now, placement, maintained=False)
        )
        return Again()

    def _finish(self, asked: ReadyNode, found: Round) -> Outcome:
        left = found.plan.left
        result = {"returned": found.succeeded, **tell_left(left)}
        if left:
            return Done(f"{asked.node} is ready; still away: {name_left(left)}", result, JobState.PARTIAL)
        return Done(f"{asked.node} is ready, {count(found.succeeded, 'VM')} back home", result)

    def rest(self, asked: ReadyNode, ctx: Context) -> Outcome:
        """The node stays open: closing it again would need a flush to be true."""
        children = load_children(ctx.store, ctx.job.id)
        if stopping := cancel_children(ctx, children):
            return Wait("child", stopping[0].id, "stops the migrations under way")
        back = sum(job.state is JobState.SUCCEEDED for job in children)
        state = f"{asked.node} is ready"
        if ctx.job.stage in CLOSED:
            kept = look_at_node(ctx.store, asked.node).spec.state
            released = f"{tell_released(ctx, asked.node)}; " if ctx.job.stage == RELEASING else ""
            state = f"{released}{asked.node} is {kept}, as it was"
        return Rest(f"{count(back, 'VM')} back home; {state}", result={"returned": back})

    def leave(self, asked: ReadyNode, world: World, notes: Mapping[str, Any], job: str) -> tuple[Op, ...]:
        return ()


def _as_if_ready(cluster: Cluster, name: str) -> Cluster:
    node = cluster.node(name)
    opened = replace(node, spec=node.spec.but(state=NodeState.READY))
    return replace(cluster, nodes={**cluster.nodes, name: opened})
