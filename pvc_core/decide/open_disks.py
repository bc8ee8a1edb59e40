"""Disks of a VM that somebody on another machine has open: a second copy of it may be running there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pvc_core.decide.held_disks import Watchers, openings
from pvc_core.decide.sharing import find_clashes
from pvc_core.decide.volume_use import node_of
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import is_one_of
from pvc_core.model.vm import VmSpec


@dataclass(frozen=True)
class Opening:
    """A client that has a disk open; `node` is empty for one outside."""

    disk: str
    address: str
    node: str

    def __str__(self) -> str:
        return f"{self.disk} (by {self.address}{f' on {self.node}' if self.node else ''})"


def own_disks(cluster: Cluster, vm: VmSpec) -> list[str]:
    """All but what it shares with another VM: that is open elsewhere by right."""
    others = {disk for other in cluster.vms.values() if other.uuid != vm.uuid for disk in other.held_disks}
    clashing = {clash.disk for clash in find_clashes(cluster, vm)}
    return sorted(set(vm.held_disks) - (others - clashing))


def find_open_elsewhere(
    cluster: Cluster, disks: Collection[str], allowed: Collection[str], watchers: Watchers
) -> list[Opening]:
    """By none of these hosts and clients."""
    return [
        Opening(disk, address, node_of(cluster, address) or "")
        for disk, address in openings(sorted(disks), watchers)
        if not is_one_of(address, allowed)
    ]
