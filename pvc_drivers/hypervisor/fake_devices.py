"""A pretend guest's hardware, and its changing while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from pvc_core.errors import HypervisorRefused
from pvc_core.xml.devices import Tag, device_keys, find_device, keys_of, with_device, without_device
from pvc_core.xml.hardware import parse_hardware
from pvc_core.xml.sizes import with_current_memory, with_vcpus
from pvc_drivers.hypervisor.fake_guest import Guest

if TYPE_CHECKING:
    from pvc_drivers.hypervisor.fake_node import FakeHypervisor

RELEASE_S = 0.2
"""How long a guest takes to give up a device."""


@dataclass(eq=False)
class Release:
    """A guest that was asked for a device and is about to let it go."""

    due: float
    guest: Guest
    tag: Tag
    keys: frozenset[str]

    @property
    def blocked(self) -> bool:
        return False

    def end(self) -> None:
        self.guest.xml = without_device(self.guest.xml, self.tag, self.keys)


def attach(node: FakeHypervisor, guest: Guest, device: str) -> None:
    tag, keys = _named(device)
    taken = keys & device_keys(guest.xml, tag)
    refused = node.fleet.faults.spend_device_refusal(guest.domain)
    if refused or (tag == "disk" and taken):
        what = f"target {sorted(taken)[0]} already exists" if taken else "no more available PCI slots"
        raise HypervisorRefused(f"operation failed: {what}")
    guest.xml = with_device(guest.xml, device)


def detach(node: FakeHypervisor, guest: Guest, device: str) -> None:
    tag, keys = _named(device)
    if find_device(guest.xml, tag, keys) is not None and not node.fleet.faults.keeps_devices(guest.domain):
        due = node.fleet.clock.now() + RELEASE_S
        node.fleet.timers.append(Release(due, guest, tag, keys))


def set_vcpus(guest: Guest, count: int) -> None:
    if count > parse_hardware(guest.xml).vcpus.maximum:
        raise HypervisorRefused(
            "invalid argument: requested vcpus is greater than max allowable vcpus for the live domain"
        )
    guest.xml = with_vcpus(guest.xml, count)
    guest.domain = guest.domain.but(vcpus=count)


def set_memory(guest: Guest, mib: int) -> None:
    if mib > parse_hardware(guest.xml).memory.memory_mib:
        raise HypervisorRefused("invalid argument: cannot set memory higher than max memory")
    guest.xml = with_current_memory(guest.xml, mib)


def resize(guest: Guest, disk: str, size: int) -> None:
    if disk not in device_keys(guest.xml, "disk"):
        raise HypervisorRefused(f"invalid argument: disk '{disk}' was not found in the domain config")
    guest.disk_sizes[disk] = size


def _named(device: str) -> tuple[Tag, frozenset[str]]:
    element = etree.fromstring(device)
    return ("disk" if element.tag == "disk" else "interface"), keys_of(element)
