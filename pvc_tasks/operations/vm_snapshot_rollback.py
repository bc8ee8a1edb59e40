"""`vm snapshot rollback`: a stopped VM becomes what it was, one volume after the other.

From its first volume on, the VM's record says that it is half rolled back, and it is not started; its last
commit makes definition and metadata what they were, and takes that mark away. Whatever ends the job before,
another one like it finishes what it began.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pvc_core.decide.transitions import Act, check_transition
from pvc_core.decide.vm_snapshot import check_whole
from pvc_core.decide.volume_use import check_unused, node_of
from pvc_core.errors import NotFound, StorageUnavailable, VolumeInUse
from pvc_core.model.operations import RollBackVm
from pvc_core.model.vm import VmSpec
from pvc_core.model.vm_snapshot import SnapshotDisk, VmSnapshot
from pvc_core.store import tree
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.xml.domain import parse_domain
from pvc_core.xml.edit import with_name
from pvc_tasks.context import Context
from pvc_tasks.definition import recorded
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import bump_placement_now, vm_objects
from pvc_tasks.operations.vm_snapshot_common import check_locked, load_snapshot, locks_of, volumes_of
from pvc_tasks.operations.volume_common import await_let_go
from pvc_tasks.outcome import Again, Done, Hold, Outcome, Rest, Wait
from pvc_tasks.ports import Work
from pvc_tasks.working import let_end, work
from pvc_tasks.world import World

ROLLING = "rolling back"
LOOK_AGAIN_S = 2.0


class RollBackVmHandler(Handler[RollBackVm]):
    operation = RollBackVm

    def admit(self, asked: RollBackVm, world: World) -> Admission:
        vm = load_vm(world.store, asked.vm).value
        snapshot = load_snapshot(world.store, vm, asked.snapshot).value
        with suppress(StorageUnavailable):
            _check(world, vm, snapshot, closing_on=vm.node)
        locks = locks_of(vm, volumes_of(snapshot.disks))
        return Admission(tree.CLUSTER_QUEUE, vm.name, (*vm_objects(vm.uuid), *locks[1:]), locks)

    def step(self, asked: RollBackVm, ctx: Context) -> Outcome:
        seen = load_vm(ctx.store, asked.vm)
        vm = seen.value
        snapshot = load_snapshot(ctx.store, vm, asked.snapshot).value
        if not ctx.job.begun:
            try:
                _check(ctx.world, vm, snapshot)
            except VolumeInUse as busy:
                _check(ctx.world, vm, snapshot, closing_on=vm.node)
                return await_let_go(ctx, busy)
            check_locked(ctx, vm, volumes_of(snapshot.disks))
            ctx.change(stage=ROLLING)
            ctx.remember(done=[])
            ctx.save(seen.save(vm.but(rolling_back=snapshot.name)))
        left = [disk for disk in snapshot.disks if disk.path not in ctx.job.notes["done"]]
        return self._roll_back(ctx, left[0]) if left else self._finish(asked, ctx)

    def _roll_back(self, ctx: Context, disk: SnapshotDisk) -> Outcome:
        blocks = ctx.world.blocks

        def act(under_way: Work) -> Mapping[str, Any]:
            blocks.rollback_snapshot(disk.pool, disk.volume, disk.snapshot, under_way.tell)
            return {}

        try:
            done = work(ctx, f"rolling back {disk.path}", act)
        except VolumeInUse as error:
            # A process that died a moment ago may still count as having it open.
            return Wait("time", disk.path, error.message, until=ctx.now + LOOK_AGAIN_S)
        if isinstance(done, Hold):
            return done
        ctx.remember(done=[*ctx.job.notes["done"], disk.path])
        ctx.log(f"{disk.path} is rolled back")
        ctx.save()
        ctx.me.works.forget(ctx.job.id)
        return Again()

    def _finish(self, asked: RollBackVm, ctx: Context) -> Outcome:
        """All volumes are as they were: now so is the rest, in the commit that ends the job."""
        seen = load_vm(ctx.store, asked.vm)
        vm = seen.value
        snapshot = load_snapshot(ctx.store, vm, asked.snapshot).value
        document = ctx.store.load(tree.vm_xml(vm.uuid))
        kept = ctx.store.load(tree.vm_snapshot_xml(vm.uuid, snapshot.name)).value.xml
        xml = with_name(kept, vm.name)
        after = _restored(vm, snapshot, xml)
        ops = (
            seen.save(after),
            document.save(document.value.but(xml=xml)),
            bump_placement_now(ctx.store, ctx.job.id),
        )
        result = {"vm": vm.name, "snapshot": snapshot.name, "disks": [disk.path for disk in snapshot.disks]}
        left_out = sorted(set(vm.rbd_disks) - set(after.rbd_disks))
        if left_out:
            result["warnings"] = [
                f"{disk} is no disk of it any more; its volume is left" for disk in left_out
            ]
        return Done(f"{vm.name} is as it was in {snapshot.name}", result, ops=ops)

    def rest(self, asked: RollBackVm, ctx: Context) -> Outcome:
        waiting = let_end(ctx)
        if waiting is not None:
            return waiting
        if not ctx.job.begun:
            return Rest("nothing was changed")
        done = ctx.job.notes["done"]
        return Rest(
            "the VM is half rolled back, and is not started like this; roll it back again to finish it",
            result={"done": done},
        )


def _check(world: World, vm: VmSpec, snapshot: VmSnapshot, closing_on: str = "") -> None:
    """Everything that would stop it halfway is looked for before it begins.

    On the node where its guest has just ended a volume may still be closing; the job waits for that.
    """
    cluster = look_at_cluster(world.store)
    check_transition(cluster, vm, Act.ROLLBACK)
    check_whole(vm, snapshot)
    others = replace(cluster, vms={uuid: one for uuid, one in cluster.vms.items() if uuid != vm.uuid})
    for disk in snapshot.disks:
        detail = world.blocks.volume(disk.pool, disk.volume)
        open_still = tuple(one for one in detail.watchers if node_of(cluster, one.address) != closing_on)
        check_unused(others, detail.but(watchers=open_still), "roll back")
        if disk.snapshot not in detail.snapshots:
            raise NotFound(
                f"{disk.path} has no snapshot {disk.snapshot} any more; {snapshot.name} is not whole",
                f"Remove what is left of it: pvc vm snapshot remove {vm.name} {snapshot.name}",
            )


def _restored(vm: VmSpec, snapshot: VmSnapshot, xml: str) -> VmSpec:
    domain, saved = parse_domain(xml), snapshot.metadata
    return vm.but(
        **{name: getattr(saved, name) for name in type(saved).model_fields},
        **recorded(domain),
        running=None,
        rolling_back="",
    )
