"""Questions to libvirtd about domains and the node itself; each takes an open connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import libvirt

from pvc_core.errors import HypervisorRefused
from pvc_core.model.node import Capacity, Domain
from pvc_drivers.hypervisor.libvirt_errors import GONE, NOT_RUNNING
from pvc_drivers.hypervisor.libvirt_jobs import is_busy
from pvc_drivers.hypervisor.libvirt_words import state_in_words, version_in_words

WANTED = libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_BALLOON | libvirt.VIR_DOMAIN_STATS_VCPU
# A domain busy with a job (a migration, a snapshot) must not stall the list of all.
AT_ONCE = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


def capacity(connection: libvirt.virConnect) -> Capacity:
    info = connection.getInfo()
    return Capacity(
        memory_mib=info[1],
        vcpus=info[2],
        host=connection.getHostname(),
        hypervisor=connection.getType(),
        hypervisor_version=version_in_words(connection.getVersion()),
        libvirt_version=version_in_words(connection.getLibVersion()),
    )


def all_domains(connection: libvirt.virConnect) -> tuple[Domain, ...]:
    seen = _seen(connection.getAllDomainStats(WANTED, AT_ONCE))
    return tuple(sorted(seen, key=lambda domain: domain.uuid))


def one_domain(connection: libvirt.virConnect, uuid: str) -> Domain | None:
    domain = find(connection, uuid)
    if domain is None:
        return None
    return next(iter(_seen(connection.domainListGetStats([domain], WANTED, AT_ONCE))), None)


def start(connection: libvirt.virConnect, xml: str) -> None:
    """Transient, and not tied to this connection: it outlives whoever started it."""
    connection.createXML(xml, 0)


def shutdown(connection: libvirt.virConnect, uuid: str) -> None:
    """libvirt would keep the request of a migrating domain for 30 s and may press the button after all."""
    domain = connection.lookupByUUIDString(uuid)
    if is_busy(domain):
        raise HypervisorRefused(f"domain '{domain.name()}' is busy with a migration or another job")
    domain.shutdownFlags(libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)


def destroy(connection: libvirt.virConnect, uuid: str) -> None:
    domain = find(connection, uuid)
    if domain is None:
        return
    try:
        domain.destroyFlags(0)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in NOT_RUNNING:
            raise


def resume(connection: libvirt.virConnect, uuid: str) -> None:
    domain = connection.lookupByUUIDString(uuid)
    if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
        domain.resume()


def live_xml(connection: libvirt.virConnect, uuid: str) -> str:
    return str(connection.lookupByUUIDString(uuid).XMLDesc(0))


def find(connection: libvirt.virConnect, uuid: str) -> libvirt.virDomain | None:
    """The domain; None when the node has none of that UUID."""
    try:
        return connection.lookupByUUIDString(uuid)
    except libvirt.libvirtError as error:
        if error.get_error_code() in GONE:
            return None
        raise


def _seen(stats: Iterable[tuple[libvirt.virDomain, dict[str, Any]]]) -> list[Domain]:
    return [_domain(domain, figures) for domain, figures in stats]


def _domain(domain: libvirt.virDomain, figures: dict[str, Any]) -> Domain:
    state, reason = state_in_words(figures.get("state.state", -1), figures.get("state.reason", 0))
    return Domain(
        uuid=domain.UUIDString(),
        name=domain.name(),
        state=state,
        reason=reason,
        memory_mib=-(-figures.get("balloon.maximum", 0) // 1024),
        vcpus=figures.get("vcpu.current", 0),
    )
