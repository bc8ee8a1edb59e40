"""What operations on snapshots of VMs share."""

from __future__ import annotations

from collections.abc import Iterable

from pvc_core.decide.vm_snapshot import written_volumes
from pvc_core.errors import NotFound, WrongState
from pvc_core.model.vm import VmSpec
from pvc_core.model.vm_snapshot import SnapshotDisk, VmSnapshot
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.port import Delete, Op
from pvc_core.xml.read_only import read_only_volumes
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.context import Context
from pvc_tasks.operations.common import vm_lock
from pvc_tasks.operations.storage_common import volume_object


def find_volumes(store: Store, vm: VmSpec) -> tuple[tuple[str, str], ...]:
    """Pool and name of each that it may write to; raises NoVolume."""
    xml = store.load(tree.vm_xml(vm.uuid)).value.xml
    return written_volumes(vm, read_only_volumes(xml))


def load_snapshot(store: Store, vm: VmSpec, name: str) -> Seen[VmSnapshot]:
    """Raises NotFound, naming the VM."""
    seen = store.find(tree.vm_snapshot(vm.uuid, name)) or store.find_synced(tree.vm_snapshot(vm.uuid, name))
    if seen is None:
        raise NotFound(
            f"{vm.name} has no snapshot {name}", f"There are others: pvc vm snapshot list {vm.name}"
        )
    return seen


def load_snapshots(store: Store, vm: VmSpec) -> list[Seen[VmSnapshot]]:
    """The oldest first."""
    names = store.names(tree.vm_snapshots(vm.uuid))
    found = store.load_present([tree.vm_snapshot(vm.uuid, name) for name in names])
    return sorted(found, key=lambda seen: (seen.value.created, seen.value.name))


def locks_of(vm: VmSpec, volumes: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The VM first, then its volumes, always in the same order."""
    return (vm_lock(vm.uuid), *sorted({volume_object(pool, volume) for pool, volume in volumes}))


def snapshots_lock(uuid: str) -> str:
    """Held by whoever removes snapshots of a VM, or needs them to stay; the VM itself is free meanwhile."""
    return f"snapshots.{uuid}"


def volumes_of(disks: Iterable[SnapshotDisk]) -> tuple[tuple[str, str], ...]:
    return tuple((disk.pool, disk.volume) for disk in disks)


def check_locked(ctx: Context, vm: VmSpec, volumes: Iterable[tuple[str, str]]) -> None:
    """Raises WrongState when they are not those that the task was accepted for."""
    if not set(locks_of(vm, volumes)) <= set(ctx.job.locks):
        raise WrongState(f"the disks of {vm.name} changed while this task waited", "Submit it again.")


def with_sizes(blocks: Blocks, disks: Iterable[SnapshotDisk]) -> tuple[SnapshotDisk, ...]:
    """As the storage has them now; raises NotFound."""
    return tuple(disk.but(size=blocks.volume(disk.pool, disk.volume).size) for disk in disks)


def plan_forget(snapshot: Seen[VmSnapshot], uuid: str) -> tuple[Op, ...]:
    """Its record and its definition."""
    return (Delete(tree.vm_snapshot_xml(uuid, snapshot.value.name).path), snapshot.delete())
