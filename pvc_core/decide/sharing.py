"""Whether VMs share an image: only what each that has it marks so, else it is one VM's alone.

Two guests that write to one image without a file system made for that destroy what is on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pvc_core.errors import Conflict
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted

SHARE = "Are they to share it: put <shareable/> (or <readonly/>) into that <disk> in both definitions."


class DiskTaken(Conflict):
    """Somebody else has the disk."""

    code = "DISK_TAKEN"


@dataclass(frozen=True)
class Clash:
    """A disk that another VM has too, and that not both share."""

    disk: str
    other: VmSpec


def find_clashes(cluster: Cluster, vm: VmSpec) -> Iterator[Clash]:
    """By the names of the others."""
    held = set(vm.held_disks)
    for other in sorted(cluster.vms.values(), key=lambda other: other.name):
        if other.uuid != vm.uuid and not held.isdisjoint(other.held_disks):
            shared = {*vm.shared_disks} & {*other.shared_disks}
            yield from (Clash(disk, other) for disk in sorted(held & {*other.held_disks} - shared))


def check_not_taken(cluster: Cluster, vm: VmSpec, before: VmSpec | None = None) -> None:
    """What clashed `before` is no reason to refuse another change. Raises DiskTaken."""
    known = () if before is None else [(one.disk, one.other.uuid) for one in find_clashes(cluster, before)]
    for clash in find_clashes(cluster, vm):
        if (clash.disk, clash.other.uuid) not in known:
            pool, _, volume = clash.disk.partition("/")
            raise DiskTaken(
                f"{clash.disk} is a disk of {clash.other.name}, and no two guests may write to one image",
                f"Give {vm.name} one of its own (`pvc storage ceph volume clone {pool} {volume} {vm.name}`). "
                + SHARE,
                vm=clash.other.name,
                disk=clash.disk,
            )


def check_alone(cluster: Cluster, vm: VmSpec) -> None:
    """Before it is started. Raises DiskTaken while another VM runs, or should, with a disk of it."""
    for clash in find_clashes(cluster, vm):
        other, seen_on = clash.other, cluster.seen_on(clash.other.uuid)
        if other.state is Wanted.START or seen_on:
            runs = f"runs on {seen_on[0]}" if seen_on else f"should run on {other.node}"
            raise DiskTaken(
                f"{vm.name} is not started: {other.name} {runs}, and {clash.disk} is a disk of both",
                f"Stop that first (`pvc vm shutdown {other.name}`), or give one of them an image of its own. "
                + SHARE,
                vm=other.name,
                disk=clash.disk,
            )
