"""What the record of a VM says of the domain that runs, while its definition is edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pvc_core.errors import NotFound
from pvc_core.model.disks import disks_of, shareable_of
from pvc_core.model.vm import RunningDomain, VmSpec, Wanted
from pvc_core.store.documents import Seen
from pvc_core.store.port import Op
from pvc_core.xml.domain import DomainXml, parse_domain
from pvc_tasks.context import Context
from pvc_tasks.definition import disks_in, present, recorded


def claim_disks(seen: Seen[VmSpec], domain: DomainXml, live: str) -> tuple[Op, ...]:
    """A new RBD image is on record before the guest can open it."""
    vm = seen.value
    if set(domain.rbd_disks) <= set(vm.held_disks):
        return ()
    now = parse_domain(live)
    claim = present(vm).but(
        memory_mib=now.memory_mib, rbd_disks=disks_of(now, domain), shareable_disks=shareable_of(now, domain)
    )
    return (seen.save(vm.but(running=claim)),)


def disclaim(ctx: Context, seen: Seen[VmSpec]) -> tuple[Op, ...]:
    """The guest is seen not to have it."""
    vm = seen.value
    if vm.running is None:
        return ()
    runs = running_now(ctx, vm)
    return (seen.save(vm.but(running=None if alike(vm, runs) else runs)),)


def running_now(ctx: Context, vm: VmSpec) -> RunningDomain:
    """What runs, by libvirt."""
    live = parse_domain(ctx.looking.xml(vm.uuid))
    return present(vm).but(memory_mib=live.memory_mib, **disks_in(live))


def redefined_as(vm: VmSpec, domain: DomainXml, now: RunningDomain, lacks: bool) -> VmSpec:
    """The record by its new definition. What runs is remembered, unless it is known to be what is defined;
    `lacks` tells that it is not, in more than the record can say."""
    after = vm.but(**recorded(domain))
    if after.state is not Wanted.START:
        return after.but(running=None)
    runs = now.but(otherwise=now.otherwise or lacks)
    return after.but(running=None if alike(after, runs) else runs)


def not_defined(vm: VmSpec, what: str, keys: Sequence[str], found: str | None) -> NotFound:
    """For a device that cannot be taken out of the definition; `found` is the guest's, if that has it."""
    who = vm.name if found is None else f"only the running guest of {vm.name} has it: its definition"
    return NotFound(f"{who} has no {what} {' '.join(keys)}", f"See `pvc vm {what} get {vm.name}`.")


def alike(vm: VmSpec, runs: RunningDomain) -> bool:
    """The domain that runs is as its record says."""
    same_disks = set(runs.rbd_disks) == set(vm.rbd_disks)
    same_shared = set(runs.shareable_disks) == set(vm.shareable_disks)
    return runs.memory_mib == vm.memory_mib and same_disks and same_shared and not runs.otherwise


def later(after: VmSpec, notes: dict[str, Any], told_by_record: bool) -> str:
    """What is to be said of a guest that has not all of it yet."""
    if after.state is not Wanted.START:
        return ""
    if not notes["live"]:
        why = f" ({notes['beyond']})" if notes["beyond"] else ""
        return f"; from its next start{why}"
    if notes.get("unwilling"):
        return "; the guest was asked, and has not followed yet"
    partly = notes.get("partly") or (told_by_record and after.running is not None)
    return "; wholly so from its next start" if partly else ""
