"""`storage ceph volume flatten`"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from pvc_core.decide.snapshot_names import Tie, parse_tie
from pvc_core.errors import PvcError, WrongState
from pvc_core.model.operations import FlattenVolume
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import VolumeHandler, volume_object
from pvc_tasks.operations.volume_common import drop_if_made_for_clone
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
        return bring_to_rest(ctx) or Rest(f"{self.about(asked)} is whole; it may share data still")


def flatten(ctx: Context, pool: str, volume: str) -> Mapping[str, Any] | Hold:
    blocks = ctx.world.blocks

    def act(under_way: Work) -> Mapping[str, Any]:
        blocks.flatten_volume(pool, volume, under_way.tell)
        return {"pool": pool, "volume": volume}

    return work(ctx, f"copying what {pool}/{volume} shares", act)


def tie_locks(world: World, pool: str, volume: str) -> list[str]:
    """Of the volume whose snapshot was made for this clone: it is to go with it."""
    with suppress(PvcError):
        tie = parse_tie(world.blocks.volume(pool, volume).parent)
        if tie is not None and tie.made_for_clone:
            return [volume_object(tie.pool, tie.volume)]
    return []


def held_tie(ctx: Context, parent: str) -> Tie | None:
    """None if this job holds no lock on the parent: it may be at work with others."""
    tie = parse_tie(parent)
    held = tie is not None and volume_object(tie.pool, tie.volume) in ctx.job.locks
    return tie if held else None
