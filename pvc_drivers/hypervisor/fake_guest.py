"""A pretend guest, and its obeying of ACPI."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pvc_core.model.node import Domain
from pvc_core.xml.domain import parse_domain
from pvc_core.xml.edit import with_uuid

if TYPE_CHECKING:
    from pvc_drivers.hypervisor.fake_node import FakeHypervisor

NAMESPACE = uuids.UUID("7d3c6a52-0000-4000-8000-000000000000")


@dataclass(eq=False)
class Guest:
    domain: Domain
    xml: str
    stopping: bool = False
    frozen: bool = False
    """Its agent holds its file systems."""
    disk_sizes: dict[str, int] = field(default_factory=dict)
    """In bytes, of the disks whose size it was told since it started."""


@dataclass(eq=False)
class PowerOff:
    """A guest that was asked to power off and is about to."""

    due: float
    node: FakeHypervisor
    guest: Guest

    @property
    def blocked(self) -> bool:
        return False

    def end(self) -> None:
        """A guest that migrated meanwhile powers off where it is now."""
        uuid = self.guest.domain.uuid
        for node in self.node.fleet.nodes():
            if node.guests.get(uuid) is self.guest:
                node.remove(uuid, "shutdown")


@dataclass(eq=False)
class StartUp:
    """A guest that libvirtd is starting, and lets run when all is there."""

    due: float
    node: FakeHypervisor
    guest: Guest

    @property
    def blocked(self) -> bool:
        return self.node.hung

    def end(self) -> None:
        uuid = self.guest.domain.uuid
        if self.node.guests.get(uuid) is self.guest:
            self.guest.domain = self.guest.domain.but(state="running", reason="booted")
            self.node.tell(uuid, "started", "booted")


def guest_of(xml: str) -> Guest:
    """A running guest; one whose XML has no UUID gets the same one every time."""
    seen = parse_domain(xml)
    uuid = seen.uuid or str(uuids.uuid5(NAMESPACE, seen.name))
    domain = Domain(
        uuid=uuid,
        name=seen.name,
        state="running",
        reason="booted",
        memory_mib=seen.memory_mib,
        vcpus=seen.vcpus,
    )
    return Guest(domain, with_uuid(xml, uuid))
