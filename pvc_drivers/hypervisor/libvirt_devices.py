"""Changing a domain that runs; each takes an open connection. What is defined elsewhere stays as it is."""

from __future__ import annotations

import re

import libvirt

ALIAS = re.compile(r"<alias name=(['\"])(?P<alias>[^'\"]+)\1\s*/>")
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE


def attach(connection: libvirt.virConnect, uuid: str, device: str) -> None:
    connection.lookupByUUIDString(uuid).attachDeviceFlags(device, LIVE)


def detach(connection: libvirt.virConnect, uuid: str, device: str) -> None:
    """By its alias libvirt returns at once; by its description it would wait for the guest."""
    domain = connection.lookupByUUIDString(uuid)
    alias = ALIAS.search(device)
    try:
        if alias is None:
            domain.detachDeviceFlags(device, LIVE)
        else:
            domain.detachDeviceAlias(alias["alias"], LIVE)
    except libvirt.libvirtError as error:
        if not _is_gone(domain, error, alias):
            raise


def _is_gone(domain: libvirt.virDomain, error: libvirt.libvirtError, alias: re.Match[str] | None) -> bool:
    """libvirt 9 calls an alias that is not there an internal error."""
    if error.get_error_code() == libvirt.VIR_ERR_DEVICE_MISSING:
        return True
    unknown = error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR
    return unknown and alias is not None and f"'{alias['alias']}'" not in domain.XMLDesc(0)


def set_vcpus(connection: libvirt.virConnect, uuid: str, count: int) -> None:
    connection.lookupByUUIDString(uuid).setVcpusFlags(count, LIVE)


def set_memory(connection: libvirt.virConnect, uuid: str, mib: int) -> None:
    connection.lookupByUUIDString(uuid).setMemoryFlags(mib * 1024, LIVE)


def resize(connection: libvirt.virConnect, uuid: str, disk: str, size: int) -> None:
    domain = connection.lookupByUUIDString(uuid)
    domain.blockResize(disk, size, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
