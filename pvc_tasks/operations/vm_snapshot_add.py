"""`vm snapshot add`: all disks of a VM at one moment.

The stages: *making* its record stands, and names the snapshots of the volumes · *holding* the guest is held,
or may be · *taken* the guest goes on, and every volume has its snapshot of that moment · *clearing* it was
not one moment, or not all of them: what there is, is removed. After that it is tried again, a few times.
"""

from __future__ import annotations

from contextlib import suppress

from pvc_core.decide.transitions import Act, check_transition
from pvc_core.decide.vm_snapshot import MOST_TRIES, check_room, name_by_time, name_disks, saved_metadata
from pvc_core.errors import PvcError, StorageUnavailable
from pvc_core.model.operations import AddVmSnapshot
from pvc_core.model.vm import VmSpec, VmXml, Wanted
from pvc_core.model.vm_snapshot import Consistency, SnapshotState, VmSnapshot
from pvc_core.store import tree
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.store.port import Create, Op
from pvc_core.xml.read_only import written_elsewhere
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import load_vm_here, reports_now, vm_objects
from pvc_tasks.operations.guest_hold import HOLDING, let_go_at_last
from pvc_tasks.operations.vm_snapshot_common import (
    check_locked,
    find_volumes,
    locks_of,
    plan_forget,
    volumes_of,
    with_sizes,
)
from pvc_tasks.operations.vm_snapshot_take import lost_hold, take_off, take_running
from pvc_tasks.operations.vm_snapshot_undo import (
    MAKING,
    TAKEN,
    SnapshotNotTaken,
    clear_now,
    give_up,
    record_of,
)
from pvc_tasks.operations.volume_common import await_answer
from pvc_tasks.outcome import Again, Done, Fail, Outcome, Reroute, Rest
from pvc_tasks.world import World


class AddVmSnapshotHandler(Handler[AddVmSnapshot]):
    operation = AddVmSnapshot

    def admit(self, asked: AddVmSnapshot, world: World) -> Admission:
        store = world.store
        vm = load_vm(store, asked.vm).value
        check_transition(look_at_cluster(store), vm, Act.SNAPSHOT)
        check_room(vm, store.names(tree.vm_snapshots(vm.uuid)), asked.snapshot)
        volumes = find_volumes(store, vm)
        with suppress(StorageUnavailable):
            with_sizes(world.blocks, name_disks(volumes, "", "", 0))
        runs = vm.state is Wanted.START
        queue = tree.node_queue(vm.node) if runs else tree.CLUSTER_QUEUE
        locks = locks_of(vm, volumes)
        return Admission(queue, vm.name, (*vm_objects(vm.uuid, vm.node), *locks[1:]), locks)

    def step(self, asked: AddVmSnapshot, ctx: Context) -> Outcome:
        match ctx.job.stage:
            case "":
                return self._begin(asked, ctx)
            case "making":
                return self._take(asked, ctx)
            case "holding":
                return lost_hold(ctx)
            case "taken":
                return self._done(asked, ctx)
        return self._clear(asked, ctx)

    def _begin(self, asked: AddVmSnapshot, ctx: Context) -> Outcome:
        """Its record comes first: whatever becomes of this job, it can be seen and removed."""
        vm = load_vm(ctx.store, asked.vm).value
        check_transition(look_at_cluster(ctx.store), vm, Act.SNAPSHOT)
        known = ctx.store.names(tree.vm_snapshots(vm.uuid))
        name = asked.snapshot or name_by_time(ctx.job.id, known)
        check_room(vm, known, name)
        volumes = find_volumes(ctx.store, vm)
        check_locked(ctx, vm, volumes)
        disks = with_sizes(ctx.world.blocks, name_disks(volumes, name, ctx.job.id, 1))
        record = VmSnapshot(
            name=name, created=ctx.now, disks=disks, metadata=saved_metadata(vm), job=ctx.job.id
        )
        ctx.change(stage=MAKING)
        ctx.remember(snapshot=name, tries=1)
        ctx.log(f"keeping {vm.name} as {name}: {', '.join(disk.path for disk in disks)}")
        ctx.save(*_plan_record(ctx, vm, record))
        return Again()

    def _take(self, asked: AddVmSnapshot, ctx: Context) -> Outcome:
        vm = load_vm(ctx.store, asked.vm).value
        here = load_vm_here(ctx, asked.vm) if vm.state is Wanted.START else None
        if isinstance(here, Reroute):
            return here
        try:
            return take_off(ctx, vm) if here is None else take_running(ctx, here)
        except PvcError as error:
            if error.retryable:
                raise
            return give_up(ctx, error.message)

    def _clear(self, asked: AddVmSnapshot, ctx: Context) -> Outcome:
        notes, vm = ctx.job.notes, load_vm(ctx.store, asked.vm).value
        waiting = clear_now(ctx, vm)
        if waiting is not None:
            return waiting
        record = record_of(ctx, vm)
        if notes["fatal"] or notes["tries"] >= MOST_TRIES:
            error = SnapshotNotTaken(f"{vm.name} could not be kept as {record.value.name}: {notes['why']}")
            return Fail(error, plan_forget(record, vm.uuid))
        tries = notes["tries"] + 1
        volumes = volumes_of(record.value.disks)
        disks = name_disks(volumes, record.value.name, ctx.job.id, tries)
        ctx.change(stage=MAKING)
        ctx.remember(tries=tries)
        ctx.save(record.save(record.value.but(disks=with_sizes(ctx.world.blocks, disks))))
        return Again()

    def _done(self, asked: AddVmSnapshot, ctx: Context) -> Outcome:
        seen = load_vm(ctx.store, asked.vm)
        vm, notes = seen.value, ctx.job.notes
        record, how = record_of(ctx, vm), Consistency(notes["how"])
        pause = notes.get("pause_ms")
        whole = record.value.but(
            state=SnapshotState.WHOLE, consistent=how, pause_ms=pause, created=notes["at"]
        )
        ops: tuple[Op, ...] = (record.save(whole),)
        if how is not Consistency.OFF:
            marks = reports_now(ctx.store, ctx.me.node)
            ops = (*ops, seen.save(vm.but(report_marks=marks)))
        held = "" if pause is None else f"; its guest was held for {pause} ms ({how})"
        return Done(f"{vm.name} is kept as {whole.name}{held}", _result(ctx, vm, whole), ops=ops)

    def rest(self, asked: AddVmSnapshot, ctx: Context) -> Outcome:
        """The guest goes on, and nothing is left behind; what is whole by now is kept."""
        stage = ctx.job.stage
        if not stage:
            return Rest("nothing was kept")
        if stage == TAKEN:
            return self._done(asked, ctx)
        if stage == HOLDING:
            let_go_at_last(ctx)
            return give_up(ctx, "it was cancelled", late=True)
        vm = load_vm(ctx.store, asked.vm).value
        try:
            waiting = clear_now(ctx, vm)
        except StorageUnavailable as silence:
            name = ctx.job.notes["snapshot"]
            left = f"the storage is silent; what there is of {name} stays listed, and is to be removed"
            return await_answer(ctx, silence) or Rest(left)
        if waiting is not None:
            return waiting
        return Rest("nothing was kept", plan_forget(record_of(ctx, vm), vm.uuid))


def _plan_record(ctx: Context, vm: VmSpec, record: VmSnapshot) -> tuple[Op, ...]:
    folder = tree.vm_snapshots(vm.uuid)
    missing = () if ctx.store.home.read([folder])[0] else (Create(folder),)
    xml = ctx.store.load(tree.vm_xml(vm.uuid))
    return (
        xml.check(),
        *missing,
        tree.vm_snapshot(vm.uuid, record.name).create(record),
        tree.vm_snapshot_xml(vm.uuid, record.name).create(VmXml(xml=xml.value.xml)),
    )


def _result(ctx: Context, vm: VmSpec, snapshot: VmSnapshot) -> dict[str, object]:
    outside = written_elsewhere(ctx.store.load(tree.vm_snapshot_xml(vm.uuid, snapshot.name)).value.xml)
    warnings = [f"{disk} is not in the storage, and was not kept" for disk in outside]
    return {
        "vm": vm.name,
        "snapshot": snapshot.name,
        "consistent": snapshot.consistent,
        "pause_ms": snapshot.pause_ms,
        "disks": [f"{disk.path}@{disk.snapshot}" for disk in snapshot.disks],
        **({"warnings": warnings} if warnings else {}),
    }
