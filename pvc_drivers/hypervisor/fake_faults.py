"""What shall go wrong with the guests of a FakeFleet."""

from __future__ import annotations

from dataclasses import dataclass, field

from pvc_core.model.node import Domain


@dataclass
class Faults:
    """Keys are the UUID or the name of a VM."""

    fail_migrations: dict[str, int] = field(default_factory=dict)
    """How many migrations of it fail, at their very end."""
    slow_migrations: dict[str, float] = field(default_factory=dict)
    """How many seconds its migrations take; math.inf for one that never converges."""
    busy_guests: dict[str, float] = field(default_factory=dict)
    """How many MiB of its memory a guest changes in a second."""
    refuse_starts: dict[str, int] = field(default_factory=dict)
    """How many starts of it are refused."""
    stuck_guests: set[str] = field(default_factory=set)
    """Guests that cannot be resumed: their storage still does not answer."""
    deaf_guests: set[str] = field(default_factory=set)
    """Guests that ignore ACPI."""
    agents: set[str] = field(default_factory=set)
    """Guests with an agent inside."""
    silent_agents: set[str] = field(default_factory=set)
    """Guests whose agent hears nothing."""

    refuse_devices: dict[str, int] = field(default_factory=dict)
    """How many attachments of devices to it are refused."""
    clinging_guests: set[str] = field(default_factory=set)
    """Guests that never give a device up."""

    def spend_device_refusal(self, domain: Domain) -> bool:
        return _spend(self.refuse_devices, domain)

    def keeps_devices(self, domain: Domain) -> bool:
        return not self.clinging_guests.isdisjoint((domain.uuid, domain.name))

    def spend_failure(self, domain: Domain) -> bool:
        return _spend(self.fail_migrations, domain)

    def spend_refusal(self, domain: Domain) -> bool:
        return _spend(self.refuse_starts, domain)

    def is_stuck(self, domain: Domain) -> bool:
        return not self.stuck_guests.isdisjoint((domain.uuid, domain.name))

    def is_deaf(self, domain: Domain) -> bool:
        return not self.deaf_guests.isdisjoint((domain.uuid, domain.name))

    def has_agent(self, domain: Domain) -> bool:
        return not self.agents.isdisjoint((domain.uuid, domain.name))

    def is_agent_silent(self, domain: Domain) -> bool:
        return not self.silent_agents.isdisjoint((domain.uuid, domain.name))

    def migration_s(self, domain: Domain, default: float) -> float:
        return self.slow_migrations.get(domain.uuid, self.slow_migrations.get(domain.name, default))

    def busy_mib_s(self, domain: Domain) -> float:
        return self.busy_guests.get(domain.uuid, self.busy_guests.get(domain.name, 0.0))


def _spend(times: dict[str, int], domain: Domain) -> bool:
    """Is there one of these faults left for the domain? It is used up by asking."""
    for key in (domain.uuid, domain.name):
        if times.get(key, 0) > 0:
            times[key] -= 1
            return True
    return False
