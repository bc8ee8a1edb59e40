"""`storage ceph pool set-pgs`"""

from __future__ import annotations

from pvc_core.errors import WrongState
from pvc_core.model.job import Progress
from pvc_core.model.operations import SetPoolGroups
from pvc_core.model.storage import Pool
from pvc_tasks.context import Context
from pvc_tasks.operations.pools import PoolHandler, load_pool
from pvc_tasks.outcome import Done, Outcome, Rest, Wait
from pvc_tasks.world import World

LOOK_AGAIN_S = 2.0


class SetPoolGroupsHandler(PoolHandler[SetPoolGroups]):
    operation = SetPoolGroups

    def check(self, asked: SetPoolGroups, world: World) -> None:
        pool = load_pool(world.blocks, asked.pool)
        if (asked.autoscale or pool.autoscale) == "on" and asked.pgs != pool.placement_groups:
            raise WrongState(
                f"the autoscaler of pool {asked.pool} would change the number again",
                "Switch it off with the same command: --autoscale off, or --autoscale warn.",
            )

    def step(self, asked: SetPoolGroups, ctx: Context) -> Outcome:
        """Ceph takes its time: it splits and merges a few at a time, so that nobody is kept waiting."""
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            ctx.change(stage="changing")
            ctx.remember(before=load_pool(ctx.world.blocks, asked.pool).placement_groups)
            ctx.save()
        if not ctx.job.notes.get("asked"):
            if asked.autoscale is not None:
                ctx.storing.set_autoscale(asked.pool, asked.autoscale)
            ctx.storing.set_placement_groups(asked.pool, asked.pgs)
            ctx.remember(asked=True)
            ctx.save()
        return self._follow(asked, ctx, load_pool(ctx.world.blocks, asked.pool))

    def _follow(self, asked: SetPoolGroups, ctx: Context, pool: Pool) -> Outcome:
        before, now = ctx.job.notes["before"], pool.placement_groups
        if now == asked.pgs:
            text = f"pool {asked.pool} has {now} placement groups, its autoscaler is {pool.autoscale}"
            return Done(text, {"pool": asked.pool, "before": before, "pgs": now, "autoscale": pool.autoscale})
        text = f"pool {asked.pool} has {now} placement groups on the way to {asked.pgs}"
        ctx.change(progress=Progress(done=abs(now - before), total=abs(asked.pgs - before), text=text))
        return Wait("time", "storage", text, until=ctx.now + LOOK_AGAIN_S)

    def rest(self, asked: SetPoolGroups, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            return Rest(f"pool {asked.pool} is as it was")
        if not ctx.job.notes.get("asked"):
            return Rest(f"Ceph may have been asked already to give pool {asked.pool} its {asked.pgs} groups")
        return Rest(f"Ceph goes on by itself until pool {asked.pool} has {asked.pgs} placement groups")
