"""Who uses a volume: VMs by their records, clients by what the storage shows.

A client is on the node whose address it has; one that has no node's address is outside, and is shown by it.
"""

from __future__ import annotations

from pvc_core.errors import VolumeInUse
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import VolumeDetail, Watcher, host_of


def node_of(cluster: Cluster, address: str) -> str | None:
    """The node that has this address, whether with a port and a nonce or without; None for one outside."""
    host = host_of(address)
    return next((node.name for node in cluster.nodes.values() if host in node.spec.addresses), None)


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
    path = f"{volume.pool}/{volume.name}"
    vms = sorted(vm.name for vm in cluster.vms.values() if path in vm.held_disks)
    clients = sorted({where_is(cluster, watcher.address) for watcher in volume.watchers})
    return (*(f"VM {name}" for name in vms), *(f"a client on {where}" for where in clients))


def check_unused(cluster: Cluster, volume: VolumeDetail, to: str) -> None:
    """`to` is what was asked, as in "remove"; raises VolumeInUse."""
    users = users_of(cluster, volume)
    if users:
        raise VolumeInUse(
            f"cannot {to} {volume.pool}/{volume.name}: it is used by {', '.join(users)}", used_by=list(users)
        )


def check_removable(cluster: Cluster, volume: VolumeDetail) -> None:
    """Raises VolumeInUse."""
    check_unused(cluster, volume, "remove")
    if volume.snapshots:
        raise VolumeInUse(
            f"cannot remove {volume.pool}/{volume.name}: it has {len(volume.snapshots)} snapshots "
            f"({', '.join(volume.snapshots)})",
            "Remove the snapshots first.",
            used_by=[f"snapshot {name}" for name in volume.snapshots],
        )


def _placed(cluster: Cluster, client: Watcher) -> Watcher:
    return client.but(node=node_of(cluster, client.address) or "")
