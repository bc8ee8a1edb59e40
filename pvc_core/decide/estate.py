"""What goes with a VM that is removed, and what of its disks is left, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from pvc_core.model.names import VOLUME_NAME_PATTERN
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec


@dataclass(frozen=True)
class Estate:
    volumes: tuple[tuple[str, str], ...]
    """Pool and name: nobody's but the VM's."""
    left: tuple[str, ...]
    """In words."""


def decide_estate(cluster: Cluster, vm: VmSpec, only_read: Collection[str], storing: bool) -> Estate:
    """`storing` tells whether there is a storage for PVC to manage."""
    volumes, left = [], []
    for disk in vm.held_disks:
        pool, _, volume = disk.partition("/")
        if why := _why_left(cluster, vm, disk, only_read, storing):
            left.append(f"{disk} is left: {why}")
        else:
            volumes.append((pool, volume))
    return Estate(tuple(volumes), tuple(left))


def _why_left(cluster: Cluster, vm: VmSpec, disk: str, only_read: Collection[str], storing: bool) -> str:
    if not storing:
        return "PVC manages no storage here"
    if disk in only_read:
        return f"{vm.name} only reads it"
    owners = {one.name for one in cluster.vms.values() if disk in one.held_disks}
    if others := sorted(owners - {vm.name}):
        return f"it is a disk of {', '.join(others)} too"
    pool, _, volume = disk.partition("/")
    usable = all(re.fullmatch(VOLUME_NAME_PATTERN, name) for name in (pool, volume))
    return "" if usable else "it has not the name of a volume, POOL/NAME"


def tell_estate(vm: VmSpec, estate: Estate) -> str:
    """What removing it would do."""
    goes = "".join(f", {pool}/{volume}" for pool, volume in estate.volumes)
    told = f"{vm.name} would be removed, and what is on its disks for good: {goes.removeprefix(', ')}"
    return "; ".join([told if goes else f"{vm.name} would be removed, and no volume with it", *estate.left])
