"""What the records may say: of locks, nodes, VMs and memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pvc_core.decide.wave import Limits
from pvc_core.errors import JobExpired
from pvc_core.model.job import Job, JobState
from pvc_core.model.node import NodeSpec, NodeState
from pvc_core.model.operations import MoveVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_sim.breach import Breach
from pvc_sim.mirror import Change, Mirror


def check_locks(mirror: Mirror) -> None:
    for name, lock in mirror.locks.items():
        for job in (lock.owner, *lock.waiters):
            if job is None or not _unfinished(mirror, job):
                raise Breach("no lock without an unfinished owner", f"{name} is held or awaited by {job}")


def check_node(mirror: Mirror, node: NodeSpec) -> None:
    if node.state is NodeState.FLUSHING and not _unfinished(mirror, node.state_job):
        raise Breach("no state without an owner", f"{node.name} is flushing, and no task flushes it")
    if node.state is NodeState.FLUSHED:
        _check_recorded_empty(mirror, node.name)


def check_vm(mirror: Mirror, change: Change) -> None:
    before: VmSpec | None = change.before
    vm: VmSpec | None = change.after
    if vm is None:
        return
    if before is not None and before.home != vm.home and not _moved_for_good(mirror, vm):
        raise Breach("previous_node is kept", f"the home of {vm.name} was {before.home} and is {vm.home}")
    for node in {vm.node, vm.moving_to} - {None}:
        assert node is not None
        check_memory(mirror, node)


def _moved_for_good(mirror: Mirror, vm: VmSpec) -> bool:
    """`vm move` is what changes a home."""
    return any(
        job.operation == MoveVm.name and f"vm:{vm.uuid}" in job.objects for job in mirror.jobs.values()
    )


def check_moving(mirror: Mirror) -> None:
    """A place on a target belongs to an unfinished job, or to one that was given up with nobody looking."""
    for vm in mirror.vms.values():
        if vm.moving_to is not None and not _keeps_place(mirror, vm.moving_job):
            text = f"{vm.name} is moving to {vm.moving_to}, and task {vm.moving_job} has ended"
            raise Breach("no state without an owner", text)


def check_limits(mirror: Mirror, changes: Sequence[Change], limits: Limits) -> None:
    """Whenever one begins. A node that is gone carries none any more, whatever the records say."""
    if not any(_begins_to_move(change) for change in changes):
        return
    moving = [vm for vm in mirror.vms.values() if vm.moving_to is not None and _is_there(mirror, vm.node)]
    _check_count([vm.node for vm in moving], limits.parallel_out, "leave")
    _check_count([vm.moving_to for vm in moving], limits.parallel_in, "enter")


def _begins_to_move(change: Change) -> bool:
    if change.kind != "vm" or change.after is None:
        return False
    return change.after.moving_to is not None and (change.before is None or change.before.moving_to is None)


def _is_there(mirror: Mirror, node: str) -> bool:
    return mirror.has(tree.node_alive(node).path) or mirror.has(tree.node_worker(node).path)


def _check_count(nodes: Sequence[str | None], most: int, way: str) -> None:
    for node, count in Counter(nodes).items():
        if count > most:
            raise Breach("migrations are limited", f"{count} VMs {way} {node} at once; {most} may")


def check_memory(mirror: Mirror, node: str) -> None:
    report = mirror.reports.get(node)
    if report is None:
        return
    promised = sum(vm.charge_mib for vm in mirror.vms.values() if node in _charged(vm))
    room = report.capacity.memory_mib - report.reserved_memory_mib
    if report.capacity.memory_mib and promised > room:
        raise Breach("no node is overfilled", f"{promised} of {room} MiB of {node} are promised")


def _charged(vm: VmSpec) -> set[str | None]:
    return {vm.moving_to, vm.node if vm.state is Wanted.START else None}


def _check_recorded_empty(mirror: Mirror, node: str) -> None:
    """A migration that was given up unseen may name it still; libvirt shows that nothing arrived."""
    for vm in mirror.vms.values():
        arrives = vm.moving_to == node and _unfinished(mirror, vm.moving_job)
        if arrives or (vm.node == node and vm.state is Wanted.START):
            raise Breach("flushed means empty", f"{node} is flushed, and {vm.name} is recorded there")


def _keeps_place(mirror: Mirror, job: str | None) -> bool:
    found = mirror.jobs.get(job) if job is not None else None
    if found is None:
        return False
    expired = found.error is not None and found.error.code == JobExpired.code
    return not found.state.finished or found.state is JobState.CANCELLED or expired


def _unfinished(mirror: Mirror, job: str | None) -> bool:
    found: Job | None = mirror.jobs.get(job) if job is not None else None
    return found is not None and not found.state.finished
