"""Disks of VMs that are still open from a node that should have none open any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pvc_core.decide.node_plan import Left
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import Watcher, client_of, host_of
from pvc_core.model.vm import VmSpec

Watchers = Mapping[str, tuple[Watcher, ...]]
"""By POOL/VOLUME."""

Tasks = Mapping[str, str]
"""Of PVC's own tasks that are at work on volumes, by the client that each has them open with."""


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
    cluster: Cluster,
    node: str,
    hosts: Collection[str],
    watchers: Watchers,
    known: Collection[str],
    tasks: Tasks | None = None,
) -> list[Left]:
    """One line for each VM with a disk open from these hosts; `known` are UUIDs that are named already."""
    vms = sorted(cluster.vms.values(), key=lambda vm: vm.name)
    held = {vm.uuid: _from(hosts, openings(vm.held_disks, watchers)) for vm in vms if vm.uuid not in known}
    return [_left(vm, node, held[vm.uuid], tasks or {}) for vm in vms if held.get(vm.uuid)]


def held_from(hosts: Collection[str], watchers: Watchers) -> list[str]:
    """Disks that any of these hosts has open."""
    return [disk for disk in watchers if _from(hosts, openings([disk], watchers))]


def openings(disks: Iterable[str], watchers: Watchers) -> Iterable[tuple[str, str]]:
    """Each of these disks with each address it is open from."""
    return ((disk, one.address) for disk in disks for one in watchers.get(disk, ()))


def _from(hosts: Collection[str], found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(disk, address) for disk, address in found if host_of(address) in hosts]


def _left(vm: VmSpec, node: str, held: list[tuple[str, str]], tasks: Tasks) -> Left:
    disks = ", ".join(f"{disk} (by {address})" for disk, address in held)
    message = f"the storage shows its disks open from {node}: {disks}"
    pool, _, volume = held[0][0].partition("/")
    remedy = (
        f"See who it is (`pvc storage ceph volume info {pool} {volume}`): it may be a QEMU process that "
        f"libvirt does not know. End it, then flush again."
    )
    if task := tasks.get(client_of(held[0][1])):
        message += f"; task {task} is at work there"
        remedy = f"Wait for it (`pvc task wait {task}`), or cancel it, then flush again."
    return Left(vm.uuid, vm.name, node, "DISK_OPEN", message, remedy)
