"""Whether a volume stands still: a VM that is stopped does not write to its disks."""

from __future__ import annotations

from pvc_core.decide.volume_use import where_is
from pvc_core.errors import VolumeInUse
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import VolumeDetail
from pvc_core.model.vm import VmSpec, Wanted


def holders_of(cluster: Cluster, pool: str, volume: str) -> list[VmSpec]:
    """VMs that have it as a disk, running or not, by name."""
    path = f"{pool}/{volume}"
    return sorted((vm for vm in cluster.vms.values() if path in vm.held_disks), key=lambda vm: vm.name)


def starts_of(cluster: Cluster, pool: str, volume: str) -> dict[str, int]:
    """How often each VM that has it was started from rest, by UUID: by that a guest is known that is gone."""
    starts = {vm.uuid: vm.former_stays + len(vm.stays) for vm in holders_of(cluster, pool, volume)}
    return {uuid: count for uuid, count in starts.items() if count}


def check_at_rest(
    cluster: Cluster, volume: VolumeDetail, to: str, remedy: str = "Stop who uses it, then try again."
) -> None:
    """`to` is what was asked, as in "roll back"; raises VolumeInUse."""
    holders = holders_of(cluster, volume.pool, volume.name)
    running = [vm.name for vm in holders if vm.state is Wanted.START or cluster.seen_on(vm.uuid)]
    clients = sorted({where_is(cluster, watcher.address) for watcher in volume.watchers})
    users = [*(f"VM {name}, which runs" for name in running), *(f"a client on {where}" for where in clients)]
    if users:
        raise VolumeInUse(
            f"cannot {to} {volume.pool}/{volume.name}: it is used by {', '.join(users)}",
            remedy,
            used_by=users,
        )
