"""`storage ceph snapshot add` and `rename`."""

from __future__ import annotations

from contextlib import suppress

from pvc_core.decide.snapshot_names import check_name_free, check_not_of_vm
from pvc_core.errors import AlreadyExists
from pvc_core.model.operations import AddSnapshot, RenameSnapshot
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.context import Context
from pvc_tasks.operations.one_call import OneCallHandler
from pvc_tasks.operations.snapshot_common import SnapshotHandler, find_snapshot, load_snapshot, look_for
from pvc_tasks.outcome import Outcome
from pvc_tasks.world import World


class AddSnapshotHandler(SnapshotHandler[AddSnapshot], OneCallHandler[AddSnapshot]):
    operation = AddSnapshot

    def check(self, asked: AddSnapshot, world: World) -> None:
        check_name_free(asked.snapshot)
        _check_free(world.blocks, asked.pool, asked.volume, asked.snapshot)

    def step(self, asked: AddSnapshot, ctx: Context) -> Outcome:
        """One that is there once the job has begun is its own."""
        self.begin(asked, ctx, "creating")
        with suppress(AlreadyExists):
            ctx.storing.create_snapshot(asked.pool, asked.volume, asked.snapshot)
        return self.done(asked)

    def words(self, asked: AddSnapshot) -> tuple[str, str]:
        return "is there", "is not there"

    def is_so(self, asked: AddSnapshot, ctx: Context) -> bool:
        return look_for(ctx.world.blocks, asked) is not None


class RenameSnapshotHandler(SnapshotHandler[RenameSnapshot], OneCallHandler[RenameSnapshot]):
    operation = RenameSnapshot

    def check(self, asked: RenameSnapshot, world: World) -> None:
        load_snapshot(world.blocks, asked)
        _check_free(world.blocks, asked.pool, asked.volume, asked.new)
        check_name_free(asked.new)
        check_not_of_vm(asked.volume, [asked.snapshot], "rename a snapshot of")

    def step(self, asked: RenameSnapshot, ctx: Context) -> Outcome:
        self.begin(asked, ctx, "renaming")
        if not self.is_so(asked, ctx):
            ctx.storing.rename_snapshot(asked.pool, asked.volume, asked.snapshot, asked.new)
        return self.done(asked)

    def words(self, asked: RenameSnapshot) -> tuple[str, str]:
        return f"is called {asked.new}", "has the name it had"

    def is_so(self, asked: RenameSnapshot, ctx: Context) -> bool:
        return find_snapshot(ctx.world.blocks, asked.pool, asked.volume, asked.new) is not None


def _check_free(blocks: Blocks, pool: str, volume: str, name: str) -> None:
    if find_snapshot(blocks, pool, volume, name) is not None:
        raise AlreadyExists(f"there is a snapshot {pool}/{volume}@{name} already")
