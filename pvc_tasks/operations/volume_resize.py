"""`storage ceph volume resize`: the volume first, by any coordinator; then its guests, each on its node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pvc_core.decide.volume_rest import holders_of
from pvc_core.decide.volume_use import check_unused
from pvc_core.errors import Conflict, VolumeInUse, WrongState
from pvc_core.model.operations import ResizeVolume
from pvc_core.model.size import parse_size, render_size
from pvc_core.model.storage import VolumeDetail
from pvc_core.store.look import look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.operations.common import vm_lock
from pvc_tasks.operations.storage_common import VolumeHandler
from pvc_tasks.operations.volume_common import RoomCheck, await_let_go, check_room, check_room_roughly
from pvc_tasks.operations.volume_tell import tell_guests
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.ports import Work
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World


class WouldShrink(Conflict):
    code = "WOULD_SHRINK"


class ResizeVolumeHandler(VolumeHandler[ResizeVolume]):
    """It holds the VMs that have the volume, so that none of them moves while its guest is told."""

    operation = ResizeVolume

    def more_locks(self, asked: ResizeVolume, world: World) -> Iterable[str]:
        holders = holders_of(look_at_cluster(world.store), asked.pool, asked.volume)
        return [vm_lock(vm.uuid) for vm in holders]

    def check(self, asked: ResizeVolume, world: World) -> None:
        self._check(asked, world, check_room_roughly)

    def _check(self, asked: ResizeVolume, world: World, check_size: RoomCheck) -> None:
        found, size = world.blocks.volume(asked.pool, asked.volume), parse_size(asked.size)
        if size < found.size:
            _check_shrink(asked, found, size)
            check_unused(look_at_cluster(world.store), found, "shrink")
        elif size > found.size:
            check_size(world, asked.pool, size - found.size)

    def step(self, asked: ResizeVolume, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            self._begin(asked, ctx)
        if ctx.job.stage == "resizing":
            unsettled = self._resize(asked, ctx)
            if unsettled is not None:
                return unsettled
        size = parse_size(asked.size)
        return tell_guests(ctx, asked.pool, asked.volume, size) or _done(asked)

    def _begin(self, asked: ResizeVolume, ctx: Context) -> None:
        self._check(asked, ctx.world, check_room)
        for vm in holders_of(look_at_cluster(ctx.store), asked.pool, asked.volume):
            if vm_lock(vm.uuid) not in ctx.job.locks:
                raise WrongState(f"{vm.name} was given {self.about(asked)} meanwhile", "Submit it again.")
        ctx.change(stage="resizing")
        ctx.save()

    def _resize(self, asked: ResizeVolume, ctx: Context) -> Outcome | None:
        name, size, blocks = self.about(asked), parse_size(asked.size), ctx.world.blocks

        def resize(under_way: Work) -> Mapping[str, Any]:
            blocks.resize_volume(asked.pool, asked.volume, size, under_way.tell)
            return {}

        try:
            result = work(ctx, f"giving {name} {render_size(size)}", resize)
        except VolumeInUse as busy:
            return await_let_go(ctx, busy)
        if isinstance(result, Hold):
            return result
        ctx.change(stage="telling")
        ctx.save()
        ctx.me.works.forget(ctx.job.id)
        return None

    def rest(self, asked: ResizeVolume, ctx: Context) -> Outcome:
        if ctx.job.stage == "telling":
            return Rest(f"{self.about(asked)} has its new size; not every guest that runs with it was told")
        waiting = bring_to_rest(ctx)
        if waiting is not None:
            return waiting
        begun = "may have another size by now, or part of it" if ctx.job.begun else "is untouched"
        return Rest(f"{self.about(asked)} {begun}")


def _check_shrink(asked: ResizeVolume, found: VolumeDetail, size: int) -> None:
    if not asked.force:
        raise WouldShrink(
            f"{asked.pool}/{asked.volume} has {render_size(found.size)}: with {render_size(size)} it would "
            "lose what is beyond",
            "Repeat with --force once no file system in it needs that.",
            size=found.size,
        )


def _done(asked: ResizeVolume) -> Done:
    size = parse_size(asked.size)
    return Done(
        f"{asked.pool}/{asked.volume} has {render_size(size)}",
        {"pool": asked.pool, "volume": asked.volume, "size": size},
    )
