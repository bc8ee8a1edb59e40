"""Holding a pretend guest still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_drivers.hypervisor.fake_guest import Guest

if TYPE_CHECKING:
    from pvc_drivers.hypervisor.fake_node import FakeHypervisor


def suspend(node: FakeHypervisor, guest: Guest) -> None:
    uuid = guest.domain.uuid
    if node.moves_touching(uuid):
        raise HypervisorRefused(f"domain '{guest.domain.name}' is busy with a migration or another job")
    if guest.domain.state != "paused":
        node.pause(uuid, "user")


def freeze(node: FakeHypervisor, guest: Guest) -> None:
    _check_agent(node, guest)
    guest.frozen = True


def thaw(node: FakeHypervisor, guest: Guest) -> int:
    _check_agent(node, guest)
    held, guest.frozen = guest.frozen, False
    return int(held)


def _check_agent(node: FakeHypervisor, guest: Guest) -> None:
    if not node.fleet.faults.has_agent(guest.domain):
        raise HypervisorRefused("argument unsupported: QEMU guest agent is not configured")
    if node.fleet.faults.is_agent_silent(guest.domain):
        raise HypervisorUnavailable(f"the agent in {guest.domain.name} has not answered in time")
