"""What the hypervisors themselves show: where guests run, and who touched them."""

from __future__ import annotations

from collections.abc import Mapping

from pvc_core.model.job import Job
from pvc_core.model.metadata import MigrationMethod, OnShutdownTimeout
from pvc_core.model.node import Domain, NodeState
from pvc_core.model.operations import (
    AddVmNetwork,
    AddVmVolume,
    DisableVm,
    FlushNode,
    MigrateVm,
    MoveVm,
    RecoverVm,
    RemoveVmNetwork,
    RemoveVmVolume,
    RestartVm,
    SetVmMemory,
    SetVmVcpus,
    ShutdownVm,
    StartVm,
    StopVm,
    UnmigrateVm,
)
from pvc_core.model.operations.node import OnBlocked
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_drivers.hypervisor.fake import FakeFleet, FakeHypervisor
from pvc_sim.breach import Breach
from pvc_sim.mirror import Mirror

TRANSFERS = {MigrateVm.name, UnmigrateVm.name, MoveVm.name}
SETTLING = {
    StartVm.name,
    StopVm.name,
    ShutdownVm.name,
    RestartVm.name,
    DisableVm.name,
    RecoverVm.name,
} | TRANSFERS
"""Before anything else they end a migration that was given up."""

EFFECTS = {
    "start": {StartVm.name, RestartVm.name, RecoverVm.name} | TRANSFERS,
    "resume": {StartVm.name},
    "migrate": TRANSFERS,
    "limit": TRANSFERS,
    "post-copy": TRANSFERS,
    "abort": SETTLING,
    "shutdown": {ShutdownVm.name, RestartVm.name, DisableVm.name} | TRANSFERS,
    "attach": {AddVmNetwork.name, AddVmVolume.name},
    "detach": {RemoveVmNetwork.name, RemoveVmVolume.name},
    "set vcpus": {SetVmVcpus.name},
    "set memory": {SetVmMemory.name},
    "destroy": {StopVm.name, ShutdownVm.name, RestartVm.name, DisableVm.name} | TRANSFERS,
}


def check_guests(mirror: Mirror, fleet: FakeFleet) -> dict[str, str]:
    """Where each guest runs; paused copies that are still arriving do not count."""
    where: dict[str, str] = {}
    for node in fleet.nodes():
        for uuid, guest in node.guests.items():
            if not _counts(guest.domain):
                continue
            if uuid in where:
                text = f"{guest.domain.name} runs on {where[uuid]} and on {node.name}"
                raise Breach("no VM runs twice", text)
            where[uuid] = node.name
        _check_node(mirror, node)
    return where


def _counts(domain: Domain) -> bool:
    """A guest that stands still after an I/O error, or by hand, is one; an arriving copy not yet."""
    return domain.state == "running" or (domain.state == "paused" and domain.reason in ("ioerror", "user"))


def _check_node(mirror: Mirror, node: FakeHypervisor) -> None:
    spec = mirror.nodes.get(node.name)
    if spec is not None and spec.state is NodeState.FLUSHED and node.guests:
        names = ", ".join(guest.domain.name for guest in node.guests.values())
        raise Breach("flushed means empty", f"{node.name} is flushed, and libvirt there shows {names}")
    used = sum(guest.domain.memory_mib for guest in node.guests.values())
    if used > node.memory_mib:
        raise Breach("no node is overfilled", f"guests use {used} of {node.memory_mib} MiB of {node.name}")


def find_torn(fleet: FakeFleet) -> set[str]:
    """Guests whose post-copy was cut off: what cut it off is to blame."""
    return {
        uuid
        for node in fleet.nodes()
        for uuid, guest in node.guests.items()
        if guest.domain.reason == "post-copy failed"
    }


def check_stopped(mirror: Mirror, where: Mapping[str, str]) -> None:
    """STOP is written only once the domain is proven gone."""
    for uuid, node in where.items():
        vm = mirror.vms.get(uuid)
        if vm is not None and vm.state is not Wanted.START:
            raise Breach("stopped means gone", f"{vm.name} is recorded as {vm.state} and runs on {node}")


def check_effect(mirror: Mirror, effect: str, uuid: str, job_id: str | None, worker: str) -> None:
    """Only the owner of the VM's lock acts on it, under a claim that stands, and as its request allows."""
    job = mirror.jobs.get(job_id) if job_id is not None else None
    if job is None or job.state.finished or job.operation not in EFFECTS[effect]:
        raise Breach("nothing is done twice", f"{effect} of {uuid} by {worker} for task {job_id}")
    if not mirror.has(tree.claim_ref(job.id).path):
        raise Breach("nothing is done twice", f"{effect} of {uuid} by {worker}: no claim on {job_id} stands")
    lock = mirror.locks.get(f"vm.{uuid}")
    if lock is None or lock.owner != job.id:
        raise Breach("nothing is done twice", f"{effect} of {uuid} for {job_id}, which has not the VM's lock")
    if effect in ("shutdown", "destroy"):
        check_allowed(mirror, effect, uuid, job)


def check_moved_by_shutdown(effect: str, vm: VmSpec, job: Job) -> None:
    """Only by the VM's own migration method; stopped only if the request or its metadata say so."""
    stops = job.fields.get("then_stop") or vm.on_shutdown_timeout is OnShutdownTimeout.STOP
    goes_anew = vm.migration_method is MigrationMethod.SHUTDOWN and not job.fields.get("force_live")
    if not goes_anew or (effect == "destroy" and not stops):
        raise Breach("no VM is stopped by surprise", f"{job.id} does {effect} to {vm.name} to move it")


def _may_stop(vm: VmSpec, job: Job) -> bool:
    """What may only ask the guest stops it where the request, or else the VM's metadata, say so."""
    asking = (ShutdownVm.name, RestartVm.name, DisableVm.name)
    if job.operation not in asking or job.fields.get("force"):
        return True
    asked = job.fields.get("then_stop")
    return vm.on_shutdown_timeout is OnShutdownTimeout.STOP if asked is None else bool(asked)


def check_allowed(mirror: Mirror, effect: str, uuid: str, job: Job) -> None:
    """An admin asked for it: by name, by `--on-blocked`, or by the VM's autorestart."""
    if effect == "destroy" and not _may_stop(mirror.vms[uuid], job):
        raise Breach("no VM is stopped by surprise", f"{job.id} stops {uuid} although it may only ask it")
    if job.operation in TRANSFERS:
        return check_moved_by_shutdown(effect, mirror.vms[uuid], job)
    parent = mirror.jobs.get(job.parent) if job.parent is not None else None
    if parent is None:
        return
    policy = parent.fields.get("on_blocked", OnBlocked.LEAVE)
    vm = mirror.vms[uuid]
    asked = policy != OnBlocked.LEAVE or vm.autorestart
    if effect == "destroy":
        asked = policy == OnBlocked.STOP or (asked and vm.on_shutdown_timeout is OnShutdownTimeout.STOP)
    if parent.operation != FlushNode.name or not asked:
        raise Breach("no VM is stopped by surprise", f"{job.id} does {effect} to {vm.name}")
