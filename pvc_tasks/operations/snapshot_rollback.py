"""`storage ceph snapshot rollback`"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pvc_core.decide.volume_rest import check_at_rest, holders_of
from pvc_core.errors import VolumeInUse, WrongState
from pvc_core.model.operations import RollBackSnapshot
from pvc_core.store.look import look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.operations.common import vm_lock
from pvc_tasks.operations.snapshot_common import SnapshotHandler, load_snapshot
from pvc_tasks.operations.volume_common import await_let_go
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.ports import Work
from pvc_tasks.working import let_end, work
from pvc_tasks.world import World


class RollBackSnapshotHandler(SnapshotHandler[RollBackSnapshot]):
    """It holds the VMs that have the volume, so that none of them is started meanwhile."""

    operation = RollBackSnapshot

    def more_locks(self, asked: RollBackSnapshot, world: World) -> Iterable[str]:
        holders = holders_of(look_at_cluster(world.store), asked.pool, asked.volume)
        return [vm_lock(vm.uuid) for vm in holders]

    def check(self, asked: RollBackSnapshot, world: World) -> None:
        load_snapshot(world.blocks, asked)
        found = world.blocks.volume(asked.pool, asked.volume)
        check_at_rest(look_at_cluster(world.store), found, "roll back")

    def step(self, asked: RollBackSnapshot, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            self._check_holders(asked, ctx)
            self.check(asked, ctx.world)
            ctx.change(stage="rolling back")
            ctx.save()
        blocks = ctx.world.blocks

        def roll_back(under_way: Work) -> Mapping[str, Any]:
            blocks.rollback_snapshot(asked.pool, asked.volume, asked.snapshot, under_way.tell)
            return {}

        try:
            result = work(ctx, f"rolling {asked.pool}/{asked.volume} back to {asked.snapshot}", roll_back)
        except VolumeInUse as busy:
            return await_let_go(ctx, busy)
        if isinstance(result, Hold):
            return result
        return Done(f"{self.about(asked)} is what the volume holds again", self.facts(asked))

    def _check_holders(self, asked: RollBackSnapshot, ctx: Context) -> None:
        for vm in holders_of(look_at_cluster(ctx.store), asked.pool, asked.volume):
            if vm_lock(vm.uuid) not in ctx.job.locks:
                raise WrongState(
                    f"{vm.name} was given {asked.pool}/{asked.volume} meanwhile", "Submit it again."
                )

    def rest(self, asked: RollBackSnapshot, ctx: Context) -> Outcome:
        """One that has begun is not interrupted; one whose process died is begun anew by another task."""
        waiting = let_end(ctx)
        if waiting is not None:
            return waiting
        if not ctx.job.begun:
            return Rest(f"{asked.pool}/{asked.volume} is untouched")
        return Rest(
            f"{asked.pool}/{asked.volume} may be partly as it was in {asked.snapshot}: roll it back once more"
        )
