"""Which locks on a VM's disks were left behind: those on disks that nobody has open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pvc_core.decide.volume_use import node_of, where_is
from pvc_core.errors import VolumeInUse
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import VolumeDetail


@dataclass(frozen=True)
class LeftoverLock:
    """A lock whose owner is no watcher any more; `node` is empty for one outside."""

    volume: str
    client: str
    address: str
    node: str


def find_leftovers(cluster: Cluster, vm: str, disks: Sequence[VolumeDetail]) -> tuple[LeftoverLock, ...]:
    """Raises VolumeInUse while any of the VM's disks is open, with the name of each who has it so."""
    users = tuple(dict.fromkeys(user for disk in disks for user in _users(cluster, disk)))
    if users:
        raise VolumeInUse(
            f"the locks of {vm} may be in use: {'; '.join(users)}",
            "Stop who has it open; once nobody has, flush the locks again.",
            used_by=list(users),
        )
    return tuple(lock for disk in disks for lock in _locks(cluster, disk))


def _users(cluster: Cluster, disk: VolumeDetail) -> Iterable[str]:
    name = f"{disk.pool}/{disk.name}"
    return (f"{name} is open by a client on {where_is(cluster, one.address)}" for one in disk.watchers)


def _locks(cluster: Cluster, disk: VolumeDetail) -> Iterable[LeftoverLock]:
    name = f"{disk.pool}/{disk.name}"
    return (
        LeftoverLock(name, one.client, one.address, node_of(cluster, one.address) or "")
        for one in disk.lockers
    )
