"""Holding a guest still for a moment; each takes an open connection."""

from __future__ import annotations

from collections.abc import Callable

import libvirt

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_drivers.hypervisor.libvirt_jobs import is_busy

AGENT_S = 5
"""How long the agent in a guest may take; libvirt by itself waits for ever."""

SILENT = {
    libvirt.VIR_ERR_AGENT_UNRESPONSIVE,
    libvirt.VIR_ERR_AGENT_UNSYNCED,
    libvirt.VIR_ERR_OPERATION_TIMEOUT,
}


def suspend(connection: libvirt.virConnect, uuid: str) -> None:
    """QEMU stops the vCPUs, and waits for what they have under way at their disks."""
    domain = connection.lookupByUUIDString(uuid)
    if is_busy(domain):
        raise HypervisorRefused(f"domain '{domain.name()}' is busy with a migration or another job")
    if domain.state()[0] != libvirt.VIR_DOMAIN_PAUSED:
        domain.suspend()


def freeze(connection: libvirt.virConnect, uuid: str) -> None:
    _ask_agent(connection, uuid, lambda domain: domain.fsFreeze(None, 0))


def thaw(connection: libvirt.virConnect, uuid: str) -> int:
    return _ask_agent(connection, uuid, lambda domain: domain.fsThaw(None, 0))


def _ask_agent(connection: libvirt.virConnect, uuid: str, ask: Callable[[libvirt.virDomain], int]) -> int:
    domain = connection.lookupByUUIDString(uuid)
    try:
        domain.agentSetResponseTimeout(AGENT_S, 0)
        return ask(domain)
    except libvirt.libvirtError as error:
        if error.get_error_code() in SILENT:
            raise HypervisorUnavailable(f"the agent in {domain.name()} has not answered in time") from None
        raise
