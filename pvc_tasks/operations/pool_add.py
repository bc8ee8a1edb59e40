"""`storage ceph pool add`: made under a name that nobody else uses, then given its own.

The stages: *making* it whole · *naming* it. So what is given up is never a pool that somebody else has made.
"""

from __future__ import annotations

from pvc_core.decide.pools import check_hosts
from pvc_core.errors import AlreadyExists, PvcError, StorageRefused, StorageUnavailable
from pvc_core.model.operations import AddPool
from pvc_core.model.replication import parse_replication
from pvc_core.model.storage import PoolPlan
from pvc_tasks.context import Context
from pvc_tasks.operations.pools import PoolHandler, find_pool, load_pool
from pvc_tasks.outcome import Done, Outcome, Rest
from pvc_tasks.world import World


class AddPoolHandler(PoolHandler[AddPool]):
    operation = AddPool

    def check(self, asked: AddPool, world: World) -> None:
        if find_pool(world.blocks, asked.pool) is not None:
            raise AlreadyExists(f"there is a pool {asked.pool} already")
        check_hosts(world.blocks.osds(), parse_replication(asked.replcfg)[0], asked.tier)

    def step(self, asked: AddPool, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            ctx.change(stage="making")
            ctx.log(f"making pool {asked.pool}")
            ctx.save()
        plan = _plan(asked)
        try:
            if ctx.job.stage == "making":
                self._make(plan, ctx)
            self._name(plan, ctx)
        except PvcError as error:
            if not error.retryable and (left := _clear(ctx)):
                ctx.log(left)
            raise
        return _done(plan)

    def _make(self, plan: PoolPlan, ctx: Context) -> None:
        """Under a name of its own, whole or half; by its id it is known under the other."""
        ctx.storing.create_pool(plan.but(name=_draft(ctx)))
        ctx.remember(id=load_pool(ctx.world.blocks, _draft(ctx)).id)
        ctx.change(stage="naming")
        ctx.save()

    def _name(self, plan: PoolPlan, ctx: Context) -> None:
        """Raises AlreadyExists where somebody has made one of that name meanwhile."""
        if _is_named(plan, ctx):
            return
        ctx.storing.rename_pool(_draft(ctx), plan.name)
        if not _is_named(plan, ctx):
            raise AlreadyExists(f"there is a pool {plan.name} by now, which somebody else has made")

    def rest(self, asked: AddPool, ctx: Context) -> Outcome:
        """One that has its name is whole."""
        if not ctx.job.begun:
            return Rest("nothing was made")
        plan = _plan(asked)
        try:
            return _done(plan) if _is_named(plan, ctx) else Rest(_clear(ctx) or "nothing is left of it")
        except StorageUnavailable:
            return Rest(f"the storage is silent: pool {plan.name} may be there, or in part, as {_draft(ctx)}")


def _draft(ctx: Context) -> str:
    """Nobody else makes one of that name: what is there is this task's."""
    return f"making.{ctx.job.id[16:24]}"


def _is_named(plan: PoolPlan, ctx: Context) -> bool:
    found = find_pool(ctx.world.blocks, plan.name)
    return found is not None and found.id == ctx.job.notes.get("id")


def _clear(ctx: Context) -> str:
    """What is left and why, in words: a pool with volumes stays, and one that Ceph lets nobody remove."""
    draft = _draft(ctx)
    try:
        if find_pool(ctx.world.blocks, draft) is None:
            return ""
        if ctx.world.blocks.volumes(draft):
            return f"pool {draft} is left, half made: it has volumes already"
        ctx.storing.remove_pool(draft)
    except StorageRefused as error:
        return f"pool {draft} is left, half made: {error.message}"
    return ""


def _done(plan: PoolPlan) -> Done:
    return Done(f"pool {plan.name} is there", plan.model_dump(mode="json"))


def _plan(asked: AddPool) -> PoolPlan:
    copies, mincopies = parse_replication(asked.replcfg)
    return PoolPlan(
        name=asked.pool,
        placement_groups=asked.pgs,
        copies=copies,
        mincopies=mincopies,
        tier=asked.tier,
        autoscale=asked.autoscale,
    )
