"""`storage ceph pool remove`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pvc_core.decide.volume_use import check_all_unused
from pvc_core.errors import InvalidRequest, NotFound, StorageUnavailable, VolumeInUse, WrongState
from pvc_core.model.operations import RemovePool
from pvc_core.store.look import look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.operations.pools import PoolHandler, find_pool, load_pool
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.ports import Work
from pvc_tasks.words import count
from pvc_tasks.working import work
from pvc_tasks.world import World

VOLUMES = "rbd"
NAMED = 5
"""Volumes, in a refusal."""


class RemovePoolHandler(PoolHandler[RemovePool]):
    operation = RemovePool

    def check(self, asked: RemovePool, world: World) -> None:
        if asked.force not in (None, asked.pool):
            raise InvalidRequest(f"storage.pool.remove: force: must be the pool's name, {asked.pool}")
        pool = load_pool(world.blocks, asked.pool)
        if pool.uses not in ((VOLUMES,), ()):
            uses = ", ".join(pool.uses)
            raise WrongState(f"pool {asked.pool} is not for volumes: it is used for {uses}", "Leave it be.")
        self._check_volumes(asked, world)
        _check_no_clones(asked, world)

    def _check_volumes(self, asked: RemovePool, world: World) -> None:
        names = [volume.name for volume in world.blocks.volumes(asked.pool)]
        all_names = [*names, *(f"{name} (in the trash)" for name in _find_trash(asked, world))]
        if all_names and asked.force is None:
            raise VolumeInUse(
                f"pool {asked.pool} has {count(len(all_names), 'volume')}: {_some(all_names)}",
                f"Remove them first; or remove all with the pool: --force {asked.pool}",
                used_by=all_names,
            )
        opened = world.blocks.watchers(asked.pool, names)
        check_all_unused(look_at_cluster(world.store), asked.pool, opened, "remove")

    def step(self, asked: RemovePool, ctx: Context) -> Outcome:
        """Looked at again after every pause: it is only one command that cannot be undone."""
        done = Done(f"pool {asked.pool} is removed", {"pool": asked.pool})
        try:
            if isinstance(looking := self._look(asked, ctx), Hold):
                return looking
        except NotFound:
            if ctx.job.begun and find_pool(ctx.world.blocks, asked.pool) is None:
                return done
            raise
        if not ctx.job.begun:
            ctx.change(stage="removing")
            ctx.log(f"removing pool {asked.pool}")
            ctx.save()
        ctx.storing.remove_pool(asked.pool)
        return done

    def _look(self, asked: RemovePool, ctx: Context) -> Mapping[str, Any] | Hold:
        """Beside the step, as there may be thousands of volumes; for this attempt only."""
        world = ctx.world

        def act(under_way: Work) -> Mapping[str, Any]:
            self.check(asked, world)
            return {}

        looked = work(ctx, f"looking at what is in pool {asked.pool}", act)
        ctx.me.works.forget(ctx.job.id)
        return looked

    def rest(self, asked: RemovePool, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            return Rest(f"pool {asked.pool} is untouched")
        try:
            gone = find_pool(ctx.world.blocks, asked.pool) is None
        except StorageUnavailable:
            return Rest(f"the storage is silent: pool {asked.pool} is untouched, or gone")
        return (
            Done(f"pool {asked.pool} was removed already")
            if gone
            else Rest(f"pool {asked.pool} is untouched")
        )


def _find_trash(asked: RemovePool, world: World) -> tuple[str, ...]:
    """Raises WrongState for a pool with namespaces: who uses what is in them is not to be seen."""
    hidden = world.blocks.hidden(asked.pool)
    if hidden.namespaces:
        raise WrongState(
            f"pool {asked.pool} has RBD namespaces: {_some(hidden.namespaces)}",
            "What is in them is somebody else's. Leave it be, or remove them first: rbd namespace remove.",
        )
    return hidden.trash


def _check_no_clones(asked: RemovePool, world: World) -> None:
    """A clone in another pool loses what it shares, and nobody has the parent open for that."""
    pools = [pool.name for pool in world.blocks.pools() if VOLUMES in pool.uses and pool.name != asked.pool]
    volumes = [volume for pool in pools for volume in world.blocks.volumes(pool)]
    clones = [f"{one.pool}/{one.name}" for one in volumes if one.parent.startswith(f"{asked.pool}/")]
    if clones:
        share = "shares" if len(clones) == 1 else "share"
        raise VolumeInUse(
            f"cannot remove pool {asked.pool}: {_some(clones)} {share} data with its volumes",
            "Flatten these volumes first (`pvc storage ceph volume flatten`), or remove them.",
            used_by=clones,
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
