"""`storage ceph pool add`"""

from __future__ import annotations

from pvc_core.decide.pools import check_hosts
from pvc_core.errors import AlreadyExists, StorageUnavailable
from pvc_core.model.operations import AddPool
from pvc_core.model.replication import parse_replication
from pvc_core.model.storage import PoolPlan
from pvc_tasks.context import Context
from pvc_tasks.operations.pools import PoolHandler, find_pool
from pvc_tasks.outcome import Done, Outcome, Rest
from pvc_tasks.world import World


class AddPoolHandler(PoolHandler[AddPool]):
    operation = AddPool

    def check(self, asked: AddPool, world: World) -> None:
        if find_pool(world.blocks, asked.pool) is not None:
            raise AlreadyExists(f"there is a pool {asked.pool} already")
        check_hosts(world.blocks.osds(), parse_replication(asked.replcfg)[0], asked.tier)

    def step(self, asked: AddPool, ctx: Context) -> Outcome:
        """What is there once the job has begun is its own, whole or half."""
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            ctx.change(stage="making")
            ctx.log(f"making pool {asked.pool}")
            ctx.save()
        plan = _plan(asked)
        ctx.storing.create_pool(plan)
        return Done(f"pool {asked.pool} is there", plan.model_dump(mode="json"))

    def rest(self, asked: AddPool, ctx: Context) -> Outcome:
        """A pool half made is removed again, unless somebody has put a volume into it meanwhile."""
        if not ctx.job.begun:
            return Rest("nothing was made")
        try:
            if find_pool(ctx.world.blocks, asked.pool) is None:
                return Rest("nothing was made")
            if ctx.world.blocks.volumes(asked.pool):
                return Rest(f"pool {asked.pool} is there: it has volumes already")
            ctx.storing.remove_pool(asked.pool)
        except StorageUnavailable:
            return Rest(f"the storage is silent: pool {asked.pool} may be there, whole or half made")
        return Rest(f"what was made of pool {asked.pool} is removed")


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
