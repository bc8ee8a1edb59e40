"""`storage ceph volume add`"""

from __future__ import annotations

from pvc_core.model.operations import AddVolume
from pvc_core.model.size import parse_size
from pvc_tasks.context import Context
from pvc_tasks.operations.one_call import OneCallHandler
from pvc_tasks.operations.storage_common import VolumeHandler
from pvc_tasks.operations.volume_common import (
    RoomCheck,
    check_free,
    check_room,
    check_room_roughly,
    find_volume,
)
from pvc_tasks.outcome import Outcome
from pvc_tasks.world import World


class AddVolumeHandler(VolumeHandler[AddVolume], OneCallHandler[AddVolume]):
    operation = AddVolume

    def check(self, asked: AddVolume, world: World) -> None:
        self._check(asked, world, check_room_roughly)

    def _check(self, asked: AddVolume, world: World, check_size: RoomCheck) -> None:
        check_free(world.blocks, asked.pool, asked.volume)
        check_size(world, asked.pool, parse_size(asked.size))

    def step(self, asked: AddVolume, ctx: Context) -> Outcome:
        """What is there once the job has begun is its own: it was not there before, and the lock is held."""
        size, first = parse_size(asked.size), not ctx.job.begun
        if first:
            self._check(asked, ctx.world, check_room)
            ctx.change(stage="creating")
            ctx.log(f"creating {asked.pool}/{asked.volume}")
            ctx.save()
        if first or find_volume(ctx.world.blocks, asked.pool, asked.volume) is None:
            ctx.storing.create_volume(asked.pool, asked.volume, size)
        return self.done(asked)

    def words(self, asked: AddVolume) -> tuple[str, str]:
        return "is there", "is not there"

    def is_so(self, asked: AddVolume, ctx: Context) -> bool:
        return find_volume(ctx.world.blocks, asked.pool, asked.volume) is not None

    def facts(self, asked: AddVolume) -> dict[str, object]:
        return {"pool": asked.pool, "volume": asked.volume, "size": parse_size(asked.size)}
