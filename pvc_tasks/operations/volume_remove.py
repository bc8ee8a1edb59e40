"""`storage ceph volume remove`"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pvc_core.decide.volume_use import check_no_vms, check_removable
from pvc_core.errors import VolumeInUse
from pvc_core.model.operations import RemoveVolume
from pvc_core.model.storage import VolumeDetail
from pvc_core.store.look import look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import VolumeHandler
from pvc_tasks.operations.volume_common import await_let_go, drop_if_made_for_clone, still_there
from pvc_tasks.operations.volume_flatten import held_tie, let_go, may_be_left, tie_locks
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.ports import Work
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World


class RemoveVolumeHandler(VolumeHandler[RemoveVolume]):
    operation = RemoveVolume

    def more_locks(self, asked: RemoveVolume, world: World) -> Iterable[str]:
        return tie_locks(world, asked.pool, asked.volume)

    def check(self, asked: RemoveVolume, world: World) -> None:
        self._look(asked, world)

    def _look(self, asked: RemoveVolume, world: World) -> VolumeDetail:
        """Raises VolumeInUse."""
        found = world.blocks.volume(asked.pool, asked.volume)
        check_removable(look_at_cluster(world.store), found)
        return found

    def step(self, asked: RemoveVolume, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            ctx.remember(parent=self._look(asked, ctx.world).parent)
            ctx.change(stage="removing")
        name, blocks = f"{asked.pool}/{asked.volume}", ctx.world.blocks

        def remove(under_way: Work) -> Mapping[str, Any]:
            _check_no_vms(asked, ctx.world)
            blocks.remove_volume(asked.pool, asked.volume, under_way.tell)
            return {"pool": asked.pool, "volume": asked.volume}

        try:
            result = work(ctx, f"removing {name}", remove)
        except VolumeInUse as busy:
            # A VM that was given it meanwhile is not waited for: it would lose its disk when its guest ends.
            _check_no_vms(asked, ctx.world)
            return await_let_go(ctx, busy)
        if isinstance(result, Hold):
            return result
        drop_if_made_for_clone(ctx.storing, held_tie(ctx, ctx.job.notes["parent"]))
        return Done(f"{name} is removed", result)

    def rest(self, asked: RemoveVolume, ctx: Context) -> Outcome:
        """What librbd has begun to remove cannot be used any more; it says what is left."""
        waiting = bring_to_rest(ctx)
        if waiting is not None:
            return waiting
        name, there = self.about(asked), still_there(ctx.world.blocks, asked.pool, asked.volume)
        tie = held_tie(ctx, ctx.job.notes.get("parent", ""))
        if there is False:
            return Done(f"{name} was removed already{let_go(ctx, tie)}")
        if not ctx.job.begun:
            return Rest(f"{name} is untouched")
        if there is None:
            return Rest(f"the storage is silent: {name} may be gone, or part of it{may_be_left(tie)}")
        return Rest(f"{name} is still there, but part of it may be gone")


def _check_no_vms(asked: RemoveVolume, world: World) -> None:
    check_no_vms(look_at_cluster(world.store), asked.pool, asked.volume, "remove")
