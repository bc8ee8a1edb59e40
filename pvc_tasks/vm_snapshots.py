"""Looking at the snapshots of VMs."""

from __future__ import annotations

from contextlib import suppress

from pvc_core.decide.vm_snapshot import NoVolume, check_whole, diff_lines, diff_metadata, saved_metadata
from pvc_core.errors import InvalidRequest, NotFound, StorageUnavailable
from pvc_core.model.operations import AddVmSnapshot
from pvc_core.model.vm import VmSpec
from pvc_core.model.vm_snapshot import DiskChange, SavedMetadata, SnapshotDisk, VmSnapshot, VmSnapshotDiff
from pvc_core.store import tree
from pvc_core.store.look import load_vm
from pvc_tasks.operations.vm_snapshot_common import find_volumes, load_snapshot, load_snapshots
from pvc_tasks.submitter import check_subsystem
from pvc_tasks.world import World

Disks = dict[str, SnapshotDisk]


class VmSnapshots:
    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, reference: str) -> list[VmSnapshot]:
        """The oldest first."""
        self._check_on(reference)
        vm = load_vm(self._world.store, reference).value
        return [seen.value for seen in load_snapshots(self._world.store, vm)]

    def diff(self, reference: str, name: str, other: str | None) -> VmSnapshotDiff:
        """What has changed since a snapshot, until another or until now."""
        self._check_on(reference)
        store = self._world.store
        vm = load_vm(store, reference).value
        first = load_snapshot(store, vm, name).value
        last = None if other is None else load_snapshot(store, vm, other).value
        _check_order(vm, first, last)
        return VmSnapshotDiff(
            vm=vm.name,
            snapshot=name,
            other=other or "",
            xml=diff_lines(self._xml(vm, first), self._xml(vm, last)),
            metadata=diff_metadata(first.metadata, _metadata(vm, last)),
            disks=self._changes(_disks(first), self._later_disks(vm, last)),
        )

    def _check_on(self, reference: str) -> None:
        check_subsystem(AddVmSnapshot(vm=reference), self._world.config)

    def _xml(self, vm: VmSpec, snapshot: VmSnapshot | None) -> str:
        ref = tree.vm_xml(vm.uuid) if snapshot is None else tree.vm_snapshot_xml(vm.uuid, snapshot.name)
        return self._world.store.load(ref).value.xml

    def _later_disks(self, vm: VmSpec, last: VmSnapshot | None) -> Disks:
        if last is not None:
            return _disks(last)
        with suppress(NoVolume):
            found = find_volumes(self._world.store, vm)
            now = (SnapshotDisk(pool=pool, volume=volume, snapshot="") for pool, volume in found)
            return {disk.path: disk for disk in now}
        return {}

    def _changes(self, first: Disks, last: Disks) -> tuple[DiskChange, ...]:
        gone = [DiskChange(disk=path, change="removed") for path in first if path not in last]
        new = [DiskChange(disk=path, change="added") for path in last if path not in first]
        both = [
            DiskChange(disk=path, change="same", changed=self._changed(disk, last[path].snapshot))
            for path, disk in first.items()
            if path in last
        ]
        return tuple(both + gone + new)

    def _changed(self, disk: SnapshotDisk, until: str) -> int | None:
        with suppress(StorageUnavailable, NotFound):
            return self._world.blocks.changed_bytes(disk.pool, disk.volume, disk.snapshot, until)
        return None


def _disks(snapshot: VmSnapshot) -> Disks:
    return {disk.path: disk for disk in snapshot.disks}


def _metadata(vm: VmSpec, last: VmSnapshot | None) -> SavedMetadata:
    return saved_metadata(vm) if last is None else last.metadata


def _check_order(vm: VmSpec, first: VmSnapshot, last: VmSnapshot | None) -> None:
    for snapshot in (first, *((last,) if last is not None else ())):
        check_whole(vm, snapshot)
    if last is not None and last.created <= first.created:
        raise InvalidRequest(f"{last.name} is not later than {first.name}", "Give the later one last.")
