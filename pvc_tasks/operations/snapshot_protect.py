"""`storage ceph snapshot protect`, `unprotect` and `remove`."""

from __future__ import annotations

from pvc_core.decide.snapshot_names import check_not_of_vm
from pvc_core.errors import Conflict, VolumeInUse
from pvc_core.model.operations import ProtectSnapshot, RemoveSnapshot, UnprotectSnapshot
from pvc_core.model.operations.storage_snapshot import OfSnapshot
from pvc_tasks.context import Context
from pvc_tasks.operations.one_call import OneCallHandler
from pvc_tasks.operations.snapshot_common import SnapshotHandler, load_snapshot, look_for
from pvc_tasks.outcome import Outcome
from pvc_tasks.world import World


class SnapshotProtected(Conflict):
    code = "SNAPSHOT_PROTECTED"


class ProtectSnapshotHandler(SnapshotHandler[ProtectSnapshot], OneCallHandler[ProtectSnapshot]):
    operation = ProtectSnapshot

    def check(self, asked: ProtectSnapshot, world: World) -> None:
        load_snapshot(world.blocks, asked)

    def step(self, asked: ProtectSnapshot, ctx: Context) -> Outcome:
        self.begin(asked, ctx, "protecting")
        ctx.storing.protect_snapshot(asked.pool, asked.volume, asked.snapshot)
        return self.done(asked)

    def words(self, asked: ProtectSnapshot) -> tuple[str, str]:
        return "is protected", "is not protected"

    def is_so(self, asked: ProtectSnapshot, ctx: Context) -> bool:
        return (found := look_for(ctx.world.blocks, asked)) is not None and found.protected


class UnprotectSnapshotHandler(SnapshotHandler[UnprotectSnapshot], OneCallHandler[UnprotectSnapshot]):
    operation = UnprotectSnapshot

    def check(self, asked: UnprotectSnapshot, world: World) -> None:
        load_snapshot(world.blocks, asked)
        _check_no_clones(asked, world, "unprotect")

    def step(self, asked: UnprotectSnapshot, ctx: Context) -> Outcome:
        self.begin(asked, ctx, "unprotecting")
        ctx.storing.unprotect_snapshot(asked.pool, asked.volume, asked.snapshot)
        return self.done(asked)

    def words(self, asked: UnprotectSnapshot) -> tuple[str, str]:
        return "is not protected", "is protected as it was"

    def is_so(self, asked: UnprotectSnapshot, ctx: Context) -> bool:
        return (found := look_for(ctx.world.blocks, asked)) is None or not found.protected


class RemoveSnapshotHandler(SnapshotHandler[RemoveSnapshot], OneCallHandler[RemoveSnapshot]):
    operation = RemoveSnapshot

    def check(self, asked: RemoveSnapshot, world: World) -> None:
        found = load_snapshot(world.blocks, asked)
        _check_no_clones(asked, world, "remove")
        if not asked.force:
            check_not_of_vm(self.about(asked), [asked.snapshot], "remove")
        if found.protected:
            where = f"{asked.pool} {asked.volume} {asked.snapshot}"
            raise SnapshotProtected(
                f"{self.about(asked)} is protected", f"First: pvc storage ceph snapshot unprotect {where}"
            )

    def step(self, asked: RemoveSnapshot, ctx: Context) -> Outcome:
        self.begin(asked, ctx, "removing")
        ctx.storing.remove_snapshot(asked.pool, asked.volume, asked.snapshot)
        return self.done(asked)

    def words(self, asked: RemoveSnapshot) -> tuple[str, str]:
        return "is removed", "is still there"

    def is_so(self, asked: RemoveSnapshot, ctx: Context) -> bool:
        return look_for(ctx.world.blocks, asked) is None


def _check_no_clones(asked: OfSnapshot, world: World, to: str) -> None:
    clones = world.blocks.clones(asked.pool, asked.volume, asked.snapshot)
    if clones:
        raise VolumeInUse(
            f"cannot {to} {asked.pool}/{asked.volume}@{asked.snapshot}: {', '.join(clones)} share its data",
            "Flatten these volumes first (`pvc storage ceph volume flatten`), or remove them.",
            used_by=clones,
        )
