"""VMs whose guest stands still or is dead: no migration can carry them."""

from __future__ import annotations

from pvc_core.decide.placement import Refusal
from pvc_core.decide.transitions import Seen, see
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec


def stands_still(cluster: Cluster, vm: VmSpec) -> Refusal | None:
    """Why it cannot leave its node as it is; None for one that runs."""
    match see(cluster, vm):
        case Seen.PAUSED:
            return Refusal(
                "GUEST_PAUSED",
                f"it is paused ({_why(cluster, vm)})",
                f"Let it run on (`pvc vm start {vm.name}`), or stop it (`pvc vm stop {vm.name}`).",
            )
        case Seen.CRASHED:
            return Refusal(
                "GUEST_CRASHED", "its guest has crashed", f"Start it again (`pvc vm start {vm.name}`)."
            )
    return None


def _why(cluster: Cluster, vm: VmSpec) -> str:
    return cluster.nodes[vm.node].shown[vm.uuid].why
