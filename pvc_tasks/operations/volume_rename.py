"""`storage ceph volume rename`"""

from __future__ import annotations

from pvc_core.decide.snapshot_names import check_not_of_vm
from pvc_core.decide.volume_use import check_unused
from pvc_core.errors import NotFound, VolumeInUse
from pvc_core.model.operations import RenameVolume
from pvc_core.store.look import look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.operations.one_call import OneCallHandler
from pvc_tasks.operations.storage_common import VolumeHandler, volume_object
from pvc_tasks.operations.volume_common import await_let_go, check_free, find_volume
from pvc_tasks.outcome import Outcome
from pvc_tasks.world import World


class RenameVolumeHandler(VolumeHandler[RenameVolume], OneCallHandler[RenameVolume]):
    operation = RenameVolume

    def objects(self, asked: RenameVolume) -> tuple[str, ...]:
        names = dict.fromkeys((asked.volume, asked.new))
        return tuple(volume_object(asked.pool, name) for name in names)

    def check(self, asked: RenameVolume, world: World) -> None:
        found = world.blocks.volume(asked.pool, asked.volume)
        check_free(world.blocks, asked.pool, asked.new)
        check_unused(look_at_cluster(world.store), found, "rename")
        check_not_of_vm(self.about(asked), found.snapshots, "rename")

    def step(self, asked: RenameVolume, ctx: Context) -> Outcome:
        """By its id it is known under either name."""
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            ctx.change(stage="renaming")
            ctx.remember(id=ctx.world.blocks.volume(asked.pool, asked.volume).id)
            ctx.save()
        if not self.is_so(asked, ctx):
            try:
                ctx.storing.rename_volume(asked.pool, asked.volume, asked.new)
            except VolumeInUse as busy:
                return await_let_go(ctx, busy)
            except NotFound:
                raise NotFound(f"{self.about(asked)} was taken away meanwhile") from None
        return self.done(asked)

    def words(self, asked: RenameVolume) -> tuple[str, str]:
        return f"is called {asked.new}", "has the name it had"

    def is_so(self, asked: RenameVolume, ctx: Context) -> bool:
        found = find_volume(ctx.world.blocks, asked.pool, asked.new)
        return found is not None and found.id == ctx.job.notes["id"]

    def facts(self, asked: RenameVolume) -> dict[str, object]:
        return {"pool": asked.pool, "volume": asked.new}
