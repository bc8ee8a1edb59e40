"""A VM's definition on its way into the tree: checked, and its record kept in step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pvc_core.config import Config
from pvc_core.decide.fitting import find_size_cautions
from pvc_core.decide.turns import leave_console
from pvc_core.errors import LockedByJob, NoPlacement
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import RunningDomain, VmSpec, VmXml, Wanted
from pvc_core.store.documents import Seen, Store
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import look_at_cluster
from pvc_core.store.port import Op
from pvc_core.xml.cautions import find_cautions
from pvc_core.xml.domain import DomainXml, parse_domain
from pvc_core.xml.edit import with_uuid
from pvc_tasks.disks import check_disks
from pvc_tasks.grammar import check_domain
from pvc_tasks.operations.common import bump_placement, vm_lock

MOST_WARNINGS = 20
ANY_UUID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Checked:
    """An XML that may be stored, and what its admin should know."""

    domain: DomainXml
    warnings: tuple[str, ...]

    def told(self, cluster: Cluster, vm: VmSpec) -> dict[str, list[str]]:
        """What of it belongs into a job's result, and whether the VM's size makes sense."""
        warnings = [*self.warnings, *find_size_cautions(cluster, vm)]
        return {"warnings": warnings} if warnings else {}


def check_definition(xml: str, config: Config) -> Checked:
    """Raises InvalidXml with the line and the element."""
    domain = parse_domain(xml)
    schemas = config.hypervisor.schemas
    # An empty <uuid> is filled in before it is stored; a missing one would shift the lines if it were here.
    filled = with_uuid(xml, ANY_UUID) if domain.uuid is None and "<uuid" in xml else xml
    by_schema = check_domain(filled, schemas) if schemas else ()
    found = (*by_schema, *find_cautions(xml), *_console(domain, config))
    more = len(found) - MOST_WARNINGS
    return Checked(domain, found if more <= 0 else (*found[:MOST_WARNINGS], f"and {more} more"))


def _console(domain: DomainXml, config: Config) -> tuple[str, ...]:
    why = config.console.why_unread(domain.console_log) if domain.console_log else ""
    return (f"`pvc vm log` will show nothing: {why}",) if why else ()


def check_not_busy(store: Store, vm: VmSpec) -> None:
    """Raises LockedByJob while a job holds the VM; a later one changes the record before it acts."""
    lock = store.find(lock_ref(vm_lock(vm.uuid)))
    if lock is not None and lock.value.owner is not None:
        raise LockedByJob(f"task {lock.value.owner} is at work on {vm.name}", job=lock.value.owner)


def recorded(domain: DomainXml) -> dict[str, Any]:
    """What a VM's record says of its definition."""
    return {"memory_mib": domain.memory_mib, "vcpus": domain.vcpus, **disks_in(domain)}


def disks_in(domain: DomainXml) -> dict[str, Any]:
    """Likewise, and of the domain that runs."""
    return {"rbd_disks": domain.rbd_disks, "shareable_disks": domain.shareable_disks}


def redefined(vm: VmSpec, domain: DomainXml) -> VmSpec:
    """The record by its new definition; of a running VM, what runs on is remembered."""
    after = vm.but(**recorded(domain))
    return after.but(running=present(vm).but(otherwise=True) if vm.state is Wanted.START else None)


def present(vm: VmSpec) -> RunningDomain:
    """What runs, by the records."""
    return vm.running or RunningDomain(
        memory_mib=vm.memory_mib, rbd_disks=vm.rbd_disks, shareable_disks=vm.shareable_disks
    )


def plan_definition(
    store: Store, seen: Seen[VmSpec], after: VmSpec, document: Seen[VmXml], xml: str, job: str
) -> tuple[Op, ...]:
    """Record and XML in one; raises NoPlacement for a running VM that outgrows the room of its node, and
    DiskTaken or LockedByJob for a disk that it may not be given."""
    after = console_kept(after, document.value.xml, xml)
    check_disks(store, after, seen.value)
    ops = (seen.save(after), document.save(document.value.but(xml=xml)))
    if after.charge_mib == seen.value.charge_mib:
        return ops
    cluster = look_at_cluster(store)
    check_growth(cluster, seen.value, after)
    return (*ops, bump_placement(cluster.placement_version, job))


def console_kept(vm: VmSpec, old: str, new: str) -> VmSpec:
    """Where a guest that is off has printed is found by whoever has not read it yet."""
    before, after = parse_domain(old).console, parse_domain(new).console
    return vm if before == after or vm.state is Wanted.START else leave_console(vm, before)


def check_growth(cluster: Cluster, vm: VmSpec, after: VmSpec) -> None:
    """Its memory is reserved from now on, whenever the guest will come to use it."""
    grows = after.charge_mib - vm.charge_mib
    if vm.state is not Wanted.START or grows <= 0 or vm.node not in cluster.nodes:
        return
    free = cluster.free_mib(vm.node)
    if free < grows:
        raise NoPlacement(
            f"{vm.node} cannot take {vm.name} with {after.charge_mib} MiB: {grows} more are needed, "
            f"{max(free, 0)} MiB are free there",
            f"Move it first (`pvc vm migrate {vm.name}`), or stop it: a stopped VM is placed anew when it "
            "is started.",
        )
