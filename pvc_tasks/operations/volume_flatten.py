"""`storage ceph volume flatten`"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pvc_core.decide.snapshot_names import Tie, parse_tie
from pvc_core.errors import StorageUnavailable, WrongState
from pvc_core.model.operations import FlattenVolume
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import VolumeHandler, volume_object
from pvc_tasks.operations.volume_common import drop_if_made_for_clone, find_volume
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.ports import Work
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World


class FlattenVolumeHandler(VolumeHandler[FlattenVolume]):
    operation = FlattenVolume

    def more_locks(self, asked: FlattenVolume, world: World) -> Iterable[str]:
        return tie_locks(world, asked.pool, asked.volume)

    def check(self, asked: FlattenVolume, world: World) -> None:
        if not world.blocks.volume(asked.pool, asked.volume).parent:
            raise WrongState(f"{self.about(asked)} shares data with no snapshot", "There is nothing to do.")

    def step(self, asked: FlattenVolume, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            ctx.change(stage="flattening")
            ctx.remember(parent=ctx.world.blocks.volume(asked.pool, asked.volume).parent)
            ctx.save()
        result = flatten(ctx, asked.pool, asked.volume)
        if isinstance(result, Hold):
            return result
        drop_if_made_for_clone(ctx.storing, held_tie(ctx, ctx.job.notes["parent"]))
        return Done(f"{self.about(asked)} depends on no snapshot", result)

    def rest(self, asked: FlattenVolume, ctx: Context) -> Outcome:
        if waiting := bring_to_rest(ctx):
            return waiting
        name = self.about(asked)
        if not ctx.job.begun:
            return Rest(f"{name} is untouched")
        try:
            found = find_volume(ctx.world.blocks, asked.pool, asked.volume)
        except StorageUnavailable:
            return Rest(f"the storage is silent: {name} is whole; it may share data still")
        if found is None or found.parent:
            return Rest(
                f"{name} is whole, and shares data still" if found else f"{name} is not there any more"
            )
        left = let_go(ctx, held_tie(ctx, ctx.job.notes["parent"]))
        return Done(f"{name} depends on no snapshot{left}", {"pool": asked.pool, "volume": asked.volume})


def flatten(ctx: Context, pool: str, volume: str) -> Mapping[str, Any] | Hold:
    blocks = ctx.world.blocks

    def act(under_way: Work) -> Mapping[str, Any]:
        blocks.flatten_volume(pool, volume, under_way.tell)
        return {"pool": pool, "volume": volume}

    return work(ctx, f"copying what {pool}/{volume} shares", act)


def tie_locks(world: World, pool: str, volume: str) -> list[str]:
    """Of the volume whose snapshot was made for this clone: it is to go with it."""
    tie = parse_tie(world.blocks.volume(pool, volume).parent)
    return [volume_object(tie.pool, tie.volume)] if tie is not None and tie.made_for_clone else []


def held_tie(ctx: Context, parent: str) -> Tie | None:
    """None if this job holds no lock on the parent: others may be at work with it."""
    tie = parse_tie(parent)
    if tie is None or volume_object(tie.pool, tie.volume) in ctx.job.locks:
        return tie
    if tie.made_for_clone:
        ctx.log(f"{tie.path} came to be its snapshot a moment ago, and is left: unprotect it, then remove it")
    return None


def let_go(ctx: Context, tie: Tie | None) -> str:
    """For who ends early: what is to be said of the snapshot that was made for the clone."""
    try:
        drop_if_made_for_clone(ctx.storing, tie)
    except StorageUnavailable:
        return may_be_left(tie)
    return ""


def may_be_left(tie: Tie | None) -> str:
    if tie is None or not tie.made_for_clone:
        return ""
    return f"; {tie.path}, made for it, may be left: unprotect it, then remove it"
