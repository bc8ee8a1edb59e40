"""What is wrong with the cluster, in sentences, the worst first."""

from __future__ import annotations

from collections.abc import Iterable

from pvc_core.model.node import NodeState
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.views import Fault, VmView

CRITICAL = frozenset({"VM_TWICE", "NODE_DEAD", "VM_UNKNOWN"})


def find_faults(cluster: Cluster, vms: Iterable[VmView]) -> list[Fault]:
    faults = [fault for node in cluster.nodes.values() for fault in _node_faults(node)]
    faults.extend(fault for vm in vms for fault in vm.faults)
    return sorted(faults, key=lambda fault: (fault.code not in CRITICAL, fault.code, fault.subject))


def judge(faults: Iterable[Fault]) -> str:
    """ok, degraded or critical."""
    codes = {fault.code for fault in faults}
    if codes & CRITICAL:
        return "critical"
    return "degraded" if codes else "ok"


def _node_faults(node: Node) -> Iterable[Fault]:
    name = node.name
    if not node.alive:
        yield _fault(
            "NODE_DEAD", name, "does not answer", "Is it powered and on the network? Does pvc-worker run?"
        )
        return
    if not node.worker:
        yield _fault("WORKER_DOWN", name, "executes no jobs: its worker is not there", "See its worker log.")
    if node.report is not None and not node.report.hypervisor_ok:
        error = node.report.hypervisor_error
        yield _fault("HYPERVISOR_DOWN", name, f"has no working hypervisor: {error}", "Check libvirtd there.")
    yield from _storage_address(node)
    if node.spec.state is NodeState.PARTIAL:
        remedy = f"Run `pvc node flush {name}` again, or `pvc node ready {name}`."
        yield _fault("NODE_PARTIAL", name, "is closed, and was not emptied by its last flush", remedy)

    if node.spec.maintenance is not None and node.spec.state is NodeState.READY:
        message = "is ready, and its OSDs are still held (noout) for a maintenance that was broken off"
        yield _fault("MAINTENANCE_LEFT_ON", name, message, f"Let go of them: pvc node ready {name}")


def _storage_address(node: Node) -> Iterable[Fault]:
    """Should the node be silent one day, its clients must be known by what is written of it."""
    seen = "" if node.report is None else node.report.storage_address
    if seen and seen not in node.spec.addresses:
        message = f"reaches the storage from {seen}, which is none of its addresses"
        remedy = f"Write node.storage_address: {seen} in its configuration, and restart its worker."
        yield _fault("STORAGE_ADDRESS", node.name, message, remedy)


def _fault(code: str, node: str, message: str, remedy: str) -> Fault:
    return Fault(code=code, subject=f"node {node}", message=f"{node} {message}", remedy=remedy)
