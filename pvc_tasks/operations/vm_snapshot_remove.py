"""`vm snapshot remove`: the snapshots of its volumes, one after the other, then its record."""

from __future__ import annotations

from contextlib import suppress

from pvc_core.errors import NotFound, StorageUnavailable, VolumeInUse, WrongState
from pvc_core.model.operations import RemoveVmSnapshot
from pvc_core.model.vm import VmSpec
from pvc_core.model.vm_snapshot import SnapshotDisk, SnapshotState, VmSnapshot
from pvc_core.store import tree
from pvc_core.store.look import load_vm
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import vm_objects
from pvc_tasks.operations.vm_snapshot_common import (
    load_snapshot,
    locks_of,
    plan_forget,
    snapshots_lock,
    volumes_of,
)
from pvc_tasks.operations.vm_snapshot_making import unmake_all
from pvc_tasks.outcome import Again, Done, Outcome, Rest
from pvc_tasks.world import World


class RemoveVmSnapshotHandler(Handler[RemoveVmSnapshot]):
    operation = RemoveVmSnapshot

    def admit(self, asked: RemoveVmSnapshot, world: World) -> Admission:
        vm = load_vm(world.store, asked.vm).value
        snapshot = load_snapshot(world.store, vm, asked.snapshot).value
        _check(world, vm, snapshot)
        locks = locks_of(vm, volumes_of(snapshot.disks))
        # First of all: what it waits for may take hours, and nobody shall wait for it meanwhile.
        first = snapshots_lock(vm.uuid)
        return Admission(tree.CLUSTER_QUEUE, vm.name, (*vm_objects(vm.uuid), *locks[1:]), (first, *locks))

    def step(self, asked: RemoveVmSnapshot, ctx: Context) -> Outcome:
        """One volume at a time; the record tells which are left."""
        vm = load_vm(ctx.store, asked.vm).value
        seen = load_snapshot(ctx.store, vm, asked.snapshot)
        snapshot = seen.value
        if not ctx.job.begun:
            _check(ctx.world, vm, snapshot)
            ctx.change(stage="removing")
            ctx.save(seen.save(snapshot.but(state=SnapshotState.REMOVING)))
            return Again()
        if not snapshot.disks:
            text = f"snapshot {snapshot.name} of {vm.name} is removed"
            result = {"vm": vm.name, "snapshot": snapshot.name}
            return Done(text, result, ops=plan_forget(seen, vm.uuid))
        first, *rest = snapshot.disks
        ctx.log(f"removing {first.path}@{first.snapshot}")
        unmake_all(ctx.storing, [first])
        ctx.save(seen.save(snapshot.but(disks=tuple(rest))))
        return Again()

    def rest(self, asked: RemoveVmSnapshot, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            return Rest("nothing was removed")
        return Rest("part of it is removed, and it is good for nothing else; remove it again to finish that")


def _check(world: World, vm: VmSpec, snapshot: VmSnapshot) -> None:
    if vm.rolling_back == snapshot.name:
        raise WrongState(
            f"{vm.name} is half rolled back to {snapshot.name}",
            f"Finish that first: pvc vm snapshot rollback {vm.name} {snapshot.name}",
        )
    with suppress(StorageUnavailable):
        for disk in snapshot.disks:
            _check_unprotected(world, disk)


def _check_unprotected(world: World, disk: SnapshotDisk) -> None:
    """A protected one has clones, or shall have some."""
    with suppress(NotFound):
        found = world.blocks.snapshots(disk.pool, disk.volume)
        if any(one.name == disk.snapshot and one.protected for one in found):
            raise VolumeInUse(
                f"{disk.path}@{disk.snapshot} is protected",
                "Remove its clones and its protection first.",
                used_by=[f"protected snapshot {disk.snapshot}"],
            )
