"""`node ready`: take a node back into service and bring its VMs home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pvc_core.decide.flush import Rules, plan_ready
from pvc_core.errors import WrongState
from pvc_core.model.job import JobState
from pvc_core.model.node import NodeState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import PlanView
from pvc_core.store import tree
from pvc_core.store.look import look_at_cluster
from pvc_core.store.port import Op
from pvc_tasks.children import cancel_children, load_children
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import check_node_answers
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
from pvc_tasks.words import count
from pvc_tasks.world import World


class ReadyNodeHandler(Handler[ReadyNode]):
    operation = ReadyNode

    def admit(self, asked: ReadyNode, world: World) -> Admission:
        cluster = look_at_cluster(world.store)
        node = cluster.node(asked.node)
        check_node_answers(node, "it cannot be taken back into service")
        superseded = unfinished_of(world.store, asked.node, FlushNode.name)
        plan = plan_ready(cluster, asked.node, Rules())
        if node.spec.state is NodeState.READY and not superseded and not (plan.steps or plan.left):
            raise WrongState(f"{asked.node} is ready, and none of its VMs is away", "Nothing to do.")
        return Admission(
            tree.node_queue(asked.node), asked.node, (f"node:{asked.node}",), (FLUSH_LOCK,), superseded
        )

    def plan(self, asked: ReadyNode, world: World) -> PlanView:
        cluster = _as_if_ready(look_at_cluster(world.store), asked.node)
        return view_of(asked.name, plan_ready(cluster, asked.node, Rules()))

    def step(self, asked: ReadyNode, ctx: Context) -> Outcome:
        if ctx.job.stage == "":
            return self._open(asked, ctx)
        found = look_around(ctx, asked.node, plan_ready, Rules())
        begun = begin_wave(ctx, found, narrower(ctx.world.limits, asked.parallel, "parallel_in"))
        show_progress(ctx, found, "back")
        if begun or found.busy:
            return await_children(ctx, found, "back")
        if found.plan.steps:
            return await_capacity(asked.node, found)
        return self._finish(asked, found)

    def _open(self, asked: ReadyNode, ctx: Context) -> Outcome:
        ctx.change(stage="returning")
        ctx.log(f"opening {asked.node}")
        ctx.save(*plan_node_state(ctx.store, asked.node, NodeState.READY, ctx.job.id, ctx.now))
        return Again()

    def _finish(self, asked: ReadyNode, found: Round) -> Outcome:
        result = {"returned": found.succeeded, "left": left_as_result(found.plan.left)}
        if found.plan.left:
            names = ", ".join(f"{item.vm} ({item.code})" for item in found.plan.left)
            return Done(f"{asked.node} is ready; still away: {names}", result, JobState.PARTIAL)
        return Done(f"{asked.node} is ready, {count(found.succeeded, 'VM')} back home", result)

    def rest(self, asked: ReadyNode, ctx: Context) -> Outcome:
        """The node stays open: closing it again would need a flush to be true."""
        children = load_children(ctx.store, ctx.job.id)
        if stopping := cancel_children(ctx, children):
            return Wait("child", stopping[0].id, "stops the migrations under way")
        back = sum(job.state is JobState.SUCCEEDED for job in children)
        state = "is ready" if ctx.job.begun else "is as it was"
        return Rest(f"{count(back, 'VM')} back home; {asked.node} {state}", result={"returned": back})

    def leave(self, asked: ReadyNode, world: World, notes: Mapping[str, Any], job: str) -> tuple[Op, ...]:
        return ()


def _as_if_ready(cluster: Cluster, name: str) -> Cluster:
    node = cluster.node(name)
    opened = replace(node, spec=node.spec.but(state=NodeState.READY))
    return replace(cluster, nodes={**cluster.nodes, name: opened})
