"""`storage ceph volume adopt`: Ceph is where volumes are kept, so all a foreign one can lack is a name."""

from __future__ import annotations

from pvc_core.decide.snapshot_names import is_proper, plan_proper_names
from pvc_core.decide.volume_use import check_unused
from pvc_core.errors import NotFound, VolumeInUse, WrongState
from pvc_core.model.operations import AdoptVolume
from pvc_core.model.storage import VolumeDetail
from pvc_core.store.look import look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.operations.one_call import OneCallHandler
from pvc_tasks.operations.storage_common import VolumeHandler
from pvc_tasks.operations.volume_common import await_let_go, check_free, find_volume
from pvc_tasks.outcome import Outcome
from pvc_tasks.world import World


class AdoptVolumeHandler(VolumeHandler[AdoptVolume], OneCallHandler[AdoptVolume]):
    """Who adopts it a second time finds it gone; the lock on its new name is enough."""

    operation = AdoptVolume

    def check(self, asked: AdoptVolume, world: World) -> None:
        found = world.blocks.volume(asked.pool, asked.image)
        if asked.image == asked.volume:
            if not _odd(found.snapshots):
                raise WrongState(f"{self.about(asked)} is managed as it is", "There is nothing to do.")
            return
        if is_proper(asked.image):
            raise WrongState(
                f"{asked.pool}/{asked.image} is managed as it is",
                f"For another name: pvc storage ceph volume rename {asked.pool} {asked.image} {asked.volume}",
            )
        check_free(world.blocks, asked.pool, asked.volume)
        check_unused(look_at_cluster(world.store), found, "adopt")

    def step(self, asked: AdoptVolume, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            self.check(asked, ctx.world)
            ctx.change(stage="adopting")
            ctx.remember(id=ctx.world.blocks.volume(asked.pool, asked.image).id)
            ctx.save()
        if self._find(asked, ctx) is None:
            try:
                ctx.storing.rename_volume(asked.pool, asked.image, asked.volume)
            except VolumeInUse as busy:
                return await_let_go(ctx, busy)
        self._name_snapshots(asked, ctx)
        return self.done(asked)

    def words(self, asked: AdoptVolume) -> tuple[str, str]:
        return "is adopted", "is not adopted, or not all of its snapshots: adopt it once more"

    def is_so(self, asked: AdoptVolume, ctx: Context) -> bool:
        found = self._find(asked, ctx)
        return found is not None and not _odd(found.snapshots)

    def facts(self, asked: AdoptVolume) -> dict[str, object]:
        return {"pool": asked.pool, "volume": asked.volume}

    def _find(self, asked: AdoptVolume, ctx: Context) -> VolumeDetail | None:
        """Under its new name; known by its id."""
        found = find_volume(ctx.world.blocks, asked.pool, asked.volume)
        return found if found is not None and found.id == ctx.job.notes["id"] else None

    def _name_snapshots(self, asked: AdoptVolume, ctx: Context) -> None:
        names = ctx.world.blocks.volume(asked.pool, asked.volume).snapshots
        for name, new in plan_proper_names(names):
            ctx.log(f"snapshot {name!r} is called {new} from now on")
            try:
                ctx.storing.rename_snapshot(asked.pool, asked.volume, name, new)
            except NotFound:
                continue


def _odd(names: tuple[str, ...]) -> bool:
    return any(not is_proper(name) for name in names)
