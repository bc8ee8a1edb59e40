"""Who uses a volume: VMs by their records, clients by what the storage shows.

A client is on the node whose address it has; one that has no node's address is outside, and is shown by it.
"""

from __future__ import annotations

from collections.abc import Collection

from pvc_core.errors import VolumeInUse
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import VolumeDetail, Watcher, host_of


def node_of(cluster: Cluster, address: str) -> str | None:
    """The node that has this address, whether with a port and a nonce or without; None for one outside."""
    host = host_of(address)
    return next((node.name for node in cluster.nodes.values() if host in node.addresses), None)


def where_is(cluster: Cluster, address: str) -> str:
    """In words: a node, or an address outside."""
    return node_of(cluster, address) or host_of(address)


def with_nodes(cluster: Cluster, volume: VolumeDetail) -> VolumeDetail:
    """Its watchers and lockers, with the nodes they are on."""
    return volume.but(
        watchers=tuple(_placed(cluster, one) for one in volume.watchers),
        lockers=tuple(_placed(cluster, one) for one in volume.lockers),
    )


def users_of(cluster: Cluster, volume: VolumeDetail) -> tuple[str, ...]:
    """In words: VMs that have it as a disk, then who has it open."""
    clients = sorted({where_is(cluster, watcher.address) for watcher in volume.watchers})
    return (*_vms_with(cluster, volume.pool, volume.name), *(f"a client on {where}" for where in clients))


def check_unused(cluster: Cluster, volume: VolumeDetail, to: str) -> None:
    """`to` is what was asked, as in "remove"; raises VolumeInUse."""
    _refuse(volume.pool, volume.name, to, users_of(cluster, volume))


def check_no_vms(cluster: Cluster, pool: str, volume: str, to: str) -> None:
    """As `check_unused`, by the records alone."""
    _refuse(pool, volume, to, _vms_with(cluster, pool, volume))


def _refuse(pool: str, volume: str, to: str, users: Collection[str]) -> None:
    if users:
        raise VolumeInUse(
            f"cannot {to} {pool}/{volume}: it is used by {', '.join(users)}", used_by=list(users)
        )


def _vms_with(cluster: Cluster, pool: str, volume: str) -> tuple[str, ...]:
    path = f"{pool}/{volume}"
    vms = sorted(vm.name for vm in cluster.vms.values() if path in vm.held_disks)
    return tuple(f"VM {name}" for name in vms)


def _placed(cluster: Cluster, client: Watcher) -> Watcher:
    return client.but(node=node_of(cluster, client.address) or "")
