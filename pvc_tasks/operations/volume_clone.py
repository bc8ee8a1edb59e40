"""`storage ceph volume clone`"""

from __future__ import annotations

from contextlib import suppress

from pvc_core.decide.snapshot_names import Tie, name_for_clone
from pvc_core.errors import AlreadyExists, NotFound, PvcError, StorageUnavailable
from pvc_core.model.operations import CloneVolume
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import StorageHandler, volume_object
from pvc_tasks.operations.volume_common import (
    RoomCheck,
    check_free,
    check_room,
    check_room_roughly,
    drop_if_made_for_clone,
    find_volume,
)
from pvc_tasks.operations.volume_flatten import flatten, let_go, may_be_left
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.working import bring_to_rest
from pvc_tasks.world import World


class CloneVolumeHandler(StorageHandler[CloneVolume]):
    operation = CloneVolume

    def about(self, asked: CloneVolume) -> str:
        return f"{_target(asked)}/{asked.new}"

    def objects(self, asked: CloneVolume) -> tuple[str, ...]:
        both = (volume_object(asked.pool, asked.volume), volume_object(_target(asked), asked.new))
        return tuple(dict.fromkeys(both))

    def check(self, asked: CloneVolume, world: World) -> None:
        self._check(asked, world, check_room_roughly)

    def _check(self, asked: CloneVolume, world: World, check_size: RoomCheck) -> None:
        size = _size(asked, world)
        check_free(world.blocks, _target(asked), asked.new)
        check_size(world, _target(asked), size)

    def step(self, asked: CloneVolume, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            self._check(asked, ctx.world, check_room)
            ctx.change(stage="cloning")
            ctx.log(f"cloning {asked.pool}/{asked.volume} as {self.about(asked)}")
            ctx.save()
        if ctx.job.stage == "cloning":
            self._clone(asked, ctx)
        if asked.flatten:
            result = flatten(ctx, _target(asked), asked.new)
            if isinstance(result, Hold):
                return result
            drop_if_made_for_clone(ctx.storing, _tie(asked, ctx))
        return Done(f"{self.about(asked)} is there", {"pool": _target(asked), "volume": asked.new})

    def _clone(self, asked: CloneVolume, ctx: Context) -> None:
        """What is there once the job has begun is its own: it was not there before, and the lock is held."""
        tie = _tie(asked, ctx)
        try:
            if find_volume(ctx.world.blocks, _target(asked), asked.new) is None:
                if asked.snapshot is None:
                    _make_snapshot(ctx, tie)
                ctx.storing.protect_snapshot(tie.pool, tie.volume, tie.snapshot)
                ctx.storing.clone_volume(tie.pool, tie.volume, tie.snapshot, _target(asked), asked.new)
        except PvcError as error:
            if not error.retryable:
                drop_if_made_for_clone(ctx.storing, tie)
            raise
        ctx.change(stage="cloned")
        ctx.save()

    def rest(self, asked: CloneVolume, ctx: Context) -> Outcome:
        """A clone that is there is whole."""
        waiting = bring_to_rest(ctx)
        if waiting is not None:
            return waiting
        name, tie = self.about(asked), _tie(asked, ctx)
        if not ctx.job.begun:
            return Rest(f"there is no {name}")
        try:
            found = find_volume(ctx.world.blocks, _target(asked), asked.new)
        except StorageUnavailable:
            return Rest(f"the storage is silent: {name} may be there, sharing data{may_be_left(tie)}")
        if found is not None and found.parent:
            return Rest(f"{name} is there, and shares data still")
        left = let_go(ctx, tie)
        return Rest(f"{name} is there, and shares nothing{left}" if found else f"there is no {name}{left}")


def _make_snapshot(ctx: Context, tie: Tie) -> None:
    with suppress(AlreadyExists):
        ctx.storing.create_snapshot(tie.pool, tie.volume, tie.snapshot)


def _target(asked: CloneVolume) -> str:
    return asked.to_pool or asked.pool


def _tie(asked: CloneVolume, ctx: Context) -> Tie:
    return Tie(asked.pool, asked.volume, asked.snapshot or name_for_clone(ctx.job.id))


def _size(asked: CloneVolume, world: World) -> int:
    """Raises NotFound."""
    if asked.snapshot is None:
        return world.blocks.volume(asked.pool, asked.volume).size
    for snapshot in world.blocks.snapshots(asked.pool, asked.volume):
        if snapshot.name == asked.snapshot:
            return snapshot.size
    raise NotFound(f"there is no snapshot {asked.pool}/{asked.volume}@{asked.snapshot}")
