"""Disks of VMs that are still open from a node that should have none open any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pvc_core.decide.node_plan import Left
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import Watcher, host_of

Watchers = Mapping[str, tuple[Watcher, ...]]
"""By POOL/VOLUME."""


def all_disks(cluster: Cluster) -> list[str]:
    """Those of all VMs: one may be held where its VM is recorded no more."""
    return [disk for vm in cluster.vms.values() for disk in vm.held_disks]


def by_pool(disks: Iterable[str]) -> dict[str, set[str]]:
    """The volumes of each pool, of POOL/VOLUME."""
    found: dict[str, set[str]] = {}
    for disk in disks:
        pool, _, volume = disk.partition("/")
        found.setdefault(pool, set()).add(volume)
    return found


def find_held(
    cluster: Cluster, node: str, hosts: Collection[str], watchers: Watchers, known: Collection[str]
) -> list[Left]:
    """One line for each VM with a disk open from these hosts; `known` are UUIDs that are named already."""
    vms = sorted(cluster.vms.values(), key=lambda vm: vm.name)
    held = {vm.uuid: _from(hosts, openings(vm.held_disks, watchers)) for vm in vms if vm.uuid not in known}
    return [_left(vm.uuid, vm.name, node, held[vm.uuid]) for vm in vms if held.get(vm.uuid)]


def openings(disks: Iterable[str], watchers: Watchers) -> Iterable[tuple[str, str]]:
    """Each of these disks with each address it is open from."""
    return ((disk, one.address) for disk in disks for one in watchers.get(disk, ()))


def _from(hosts: Collection[str], found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(disk, address) for disk, address in found if host_of(address) in hosts]


def _left(uuid: str, vm: str, node: str, held: list[tuple[str, str]]) -> Left:
    disks = ", ".join(f"{disk} (by {address})" for disk, address in held)
    message = f"the storage shows its disks open from {node}: {disks}"
    pool, _, volume = held[0][0].partition("/")
    remedy = (
        f"See who it is (`pvc storage ceph volume info {pool} {volume}`): a task at work on the volume, or "
        f"a QEMU process that libvirt does not know. End it, then flush again."
    )
    return Left(uuid, vm, node, "DISK_OPEN", message, remedy)
