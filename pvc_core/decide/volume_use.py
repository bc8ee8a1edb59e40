"""Who uses a volume: VMs by their records, clients by what the storage shows.

A client is on the node whose address it has; one that has no node's address is outside, and is shown by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

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
    return _in_words(cluster, _vms_with(cluster, volume.pool, volume.name), volume.watchers)


def check_unused(cluster: Cluster, volume: VolumeDetail, to: str) -> None:
    """`to` is what was asked, as in "remove"; raises VolumeInUse."""
    _refuse_used(users_of(cluster, volume), f"{to} {volume.pool}/{volume.name}")


def check_no_vms(cluster: Cluster, pool: str, volume: str, to: str) -> None:
    """As `check_unused`, by the records alone."""
    names = _vms_with(cluster, pool, volume)
    _refuse_used(_in_words(cluster, names, ()), f"{to} {pool}/{volume}")


def check_all_unused(cluster: Cluster, pool: str, opened: Mapping[str, Iterable[Watcher]], to: str) -> None:
    """The same for many volumes of a pool, by who has each of them open."""
    holders = defaultdict(list)
    for vm in cluster.vms.values():
        for path in vm.held_disks:
            holders[path].append(vm.name)
    for name, watchers in opened.items():
        path = f"{pool}/{name}"
        _refuse_used(_in_words(cluster, holders.get(path, ()), watchers), f"{to} {path}")


def _refuse_used(users: Collection[str], what: str) -> None:
    if users:
        raise VolumeInUse(f"cannot {what}: it is used by {', '.join(users)}", used_by=list(users))


def _in_words(cluster: Cluster, vms: Iterable[str], watchers: Iterable[Watcher]) -> tuple[str, ...]:
    clients = sorted({where_is(cluster, watcher.address) for watcher in watchers})
    return (*(f"VM {name}" for name in sorted(vms)), *(f"a client on {where}" for where in clients))


def _vms_with(cluster: Cluster, pool: str, volume: str) -> list[str]:
    path = f"{pool}/{volume}"
    return [vm.name for vm in cluster.vms.values() if path in vm.held_disks]


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
