"""Whether a VM's size makes sense on this cluster: what no node can run is stored all the same, and said."""

from __future__ import annotations

from collections.abc import Iterator

from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec


def find_size_cautions(cluster: Cluster, vm: VmSpec) -> tuple[str, ...]:
    """Each a sentence; none before the first node has reported."""
    return tuple(_cautions(cluster, vm))


def _cautions(cluster: Cluster, vm: VmSpec) -> Iterator[str]:
    reports = [node.report for node in cluster.nodes.values() if node.report is not None]
    cpus = max((report.capacity.vcpus for report in reports), default=vm.vcpus)
    room = max((node.room_mib for node in cluster.nodes.values() if node.report), default=vm.memory_mib)
    if vm.vcpus > cpus:
        yield f"{vm.vcpus} vCPUs: no node has more than {cpus} CPUs"
    if vm.memory_mib > room:
        yield f"{vm.memory_mib} MiB of memory: no node has more than {max(room, 0)} MiB for VMs"
