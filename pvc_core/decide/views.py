"""Joining what is wanted with what is seen, for people."""

from __future__ import annotations

from typing import Any

from pvc_core.model.node import Domain, NodeReport
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.views import Fault, NodeView, VmView
from pvc_core.model.vm import VmSpec, Wanted

DOWN = frozenset({"off", "crashed", "shutoff"})
"""Seen so, a VM does not run."""


def view_node(cluster: Cluster, node: Node, jobs: tuple[str, ...] = (), detail: bool = False) -> NodeView:
    """`detail` adds the domains seen and the unfinished jobs."""
    report = node.report
    charged = cluster.charged(node.name)
    return NodeView(
        name=node.name,
        address=node.spec.address,
        cluster_address=node.spec.cluster_address,
        coordinator=node.spec.coordinator,
        state=node.spec.state,
        state_since=node.spec.state_since,
        state_job=node.spec.state_job,
        maintenance=node.spec.maintenance,
        alive=node.alive,
        worker=node.worker,
        **_seen(report),
        vcpus_wanted=sum(vm.vcpus for vm in charged),
        memory_wanted_mib=cluster.charged_mib(node.name),
        memory_free_mib=cluster.free_mib(node.name),
        vms_running=sum(domain.active and domain.uuid in cluster.vms for domain in node.domains),
        vms_wanted=len(charged),
        vms_defined=sum(vm.node == node.name for vm in cluster.vms.values()),
        domains=node.domains if detail else (),
        jobs=jobs if detail else (),
    )


def _seen(report: NodeReport | None) -> dict[str, Any]:
    if report is None:
        return {"hypervisor_ok": False, "hypervisor_error": "the node has not reported yet"}
    return {
        "hypervisor_ok": report.hypervisor_ok,
        "hypervisor_error": report.hypervisor_error,
        "host": report.capacity.host,
        "hypervisor": f"{report.capacity.hypervisor} {report.capacity.hypervisor_version}".strip(),
        "libvirt_version": report.capacity.libvirt_version,
        "pvc_version": report.pvc_version,
        "vcpus": report.capacity.vcpus,
        "memory_mib": report.capacity.memory_mib,
        "memory_reserved_mib": report.reserved_memory_mib,
        "report_at": report.at,
    }


def view_vm(cluster: Cluster, vm: VmSpec, job: str | None, recovery: str = "") -> VmView:
    """`job` is the unfinished job that holds it; `recovery` what that says, if it is the cure of a crash."""
    seen_on, domain = cluster.seen_on(vm.uuid), _domain(cluster, vm)
    seen = _seen_state(cluster, vm)
    faults = [] if job else [*find_left_down(vm), *find_half_rolled_back(vm)]
    if job is None and not cluster.catching_up(vm):
        faults += find_vm_faults(cluster, vm, seen, seen_on)
    if recovery and vm.state is Wanted.START and seen in DOWN:
        faults.append(_crashed(vm, recovery, str(job)))
    why = domain.why if domain is not None and domain.state != "running" else ""
    return VmView(spec=vm, seen=seen, seen_why=why, seen_on=seen_on, job=job, faults=tuple(faults))


def _seen_state(cluster: Cluster, vm: VmSpec) -> str:
    own, domain = cluster.nodes.get(vm.node), _domain(cluster, vm)
    if domain is not None:
        return domain.state
    return "off" if own is not None and own.alive and own.report is not None else "unknown"


def _domain(cluster: Cluster, vm: VmSpec) -> Domain | None:
    """As its own node shows it first, then any other."""
    for name in dict.fromkeys((vm.node, *cluster.seen_on(vm.uuid))):
        node = cluster.nodes.get(name)
        domain = None if node is None or not node.alive else node.shown.get(vm.uuid)
        if domain is not None:
            return domain
    return None


def find_left_down(vm: VmSpec) -> list[Fault]:
    """By its record alone."""
    if vm.state is Wanted.START or not vm.left_down:
        return []
    remedy = (
        f"See why, then start it: pvc vm start {vm.name}. Or take it out of use: pvc vm disable {vm.name}"
    )
    return [_fault("VM_LEFT_DOWN", vm, f"is left stopped: {vm.left_down}", remedy)]


def find_half_rolled_back(vm: VmSpec) -> list[Fault]:
    """By its record alone."""
    if not vm.rolling_back:
        return []
    remedy = f"Finish it: pvc vm snapshot rollback {vm.name} {vm.rolling_back}"
    return [_fault("VM_HALF_ROLLED_BACK", vm, f"is half rolled back to {vm.rolling_back}", remedy)]


def find_vm_faults(cluster: Cluster, vm: VmSpec, seen: str, seen_on: tuple[str, ...]) -> list[Fault]:
    """What is wrong with a VM that no job is at work on, and that reports have caught up with."""
    if len(seen_on) > 1 and not _may_be_arriving(cluster, vm):
        return [_fault("VM_TWICE", vm, f"runs on {' and '.join(seen_on)} at once", "Stop one NOW.")]
    if vm.moving_to is not None:
        message = f"is on {vm.node} or {vm.moving_to}: nobody saw its migration end"
        return [_fault("VM_UNSETTLED", vm, message, "The agent that sees it adopts it; bring both nodes up.")]
    if vm.state is Wanted.START and seen == "unknown":
        return [
            _fault("VM_UNKNOWN", vm, f"is on {vm.node}, which does not answer", f"pvc node info {vm.node}")
        ]
    if vm.state is Wanted.START and seen in DOWN:
        return [_fault("VM_DOWN", vm, f"should run on {vm.node} and does not", f"pvc vm start {vm.name}")]
    if vm.state is not Wanted.START and seen_on:
        return [_fault("VM_UP", vm, f"should be stopped and runs on {seen_on[0]}", f"pvc vm stop {vm.name}")]
    if seen_on and vm.node not in seen_on:
        where = seen_on[0]
        return [
            _fault(
                "VM_ELSEWHERE", vm, f"is recorded on {vm.node} and runs on {where}", "Its agent adopts it."
            )
        ]
    return _find_paused(cluster, vm)


def _find_paused(cluster: Cluster, vm: VmSpec) -> list[Fault]:
    domain = _domain(cluster, vm)
    if domain is None or domain.state != "paused":
        return []
    remedy = f"Put right what paused it, then let it run on: pvc vm start {vm.name}"
    return [_fault("VM_PAUSED", vm, f"is paused on {vm.node} ({domain.why}): its guest stands still", remedy)]


def _may_be_arriving(cluster: Cluster, vm: VmSpec) -> bool:
    """While libvirt carries a VM over, its target shows it too, paused."""
    target = cluster.nodes.get(vm.moving_to or "")
    shown = None if target is None else target.shown.get(vm.uuid)
    return shown is not None and shown.state == "paused"


def _crashed(vm: VmSpec, recovery: str, job: str) -> Fault:
    """Being cured is no reason to be silent: whoever uses it misses it now."""
    remedy = f"Wait for it (pvc task info {job}), or start it at once: pvc vm start {vm.name}"
    return _fault("VM_CRASHED", vm, f"does not run: {recovery.removeprefix(f'{vm.name}: ')}", remedy)


def _fault(code: str, vm: VmSpec, message: str, remedy: str) -> Fault:
    return Fault(code=code, subject=f"vm {vm.name}", message=f"{vm.name} {message}", remedy=remedy)
