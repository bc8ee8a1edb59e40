"""How the bandwidth of the nodes is divided among their migrations."""

from __future__ import annotations

from dataclasses import dataclass

from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec


@dataclass(frozen=True)
class Caps:
    """In MiB per second; None for no limit."""

    migration: int | None = None
    node: int | None = None


def decide_bandwidth(cluster: Cluster, vm: VmSpec, target: str, caps: Caps) -> int | None:
    """What a migration that is under way, or begins now, may use: its own cap, and an equal share of what
    the busier of its two nodes may send or receive."""
    others = [
        other for other in cluster.vms.values() if other.moving_to is not None and other.uuid != vm.uuid
    ]
    leaving = 1 + sum(other.node == vm.node for other in others)
    arriving = 1 + sum(other.moving_to == target for other in others)
    shares = [caps.migration] if caps.migration is not None else []
    if caps.node is not None:
        shares.append(max(1, caps.node // max(leaving, arriving)))
    return min(shares, default=None)


def sharing(cluster: Cluster, vm: VmSpec) -> list[str]:
    """The tasks whose share changes when this VM's migration begins or ends."""
    return sorted(
        other.moving_job
        for other in cluster.vms.values()
        if other.moving_job is not None and other.uuid != vm.uuid and other.node == vm.node
    )
