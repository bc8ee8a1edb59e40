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
    refuse_starts: dict[str, int] = field(default_factory=dict)
    """How many starts of it are refused."""
    deaf_guests: set[str] = field(default_factory=set)
    """Guests that ignore ACPI."""

    def spend_failure(self, domain: Domain) -> bool:
        return _spend(self.fail_migrations, domain)

    def spend_refusal(self, domain: Domain) -> bool:
        return _spend(self.refuse_starts, domain)

    def is_deaf(self, domain: Domain) -> bool:
        return not self.deaf_guests.isdisjoint((domain.uuid, domain.name))

    def migration_s(self, domain: Domain, default: float) -> float:
        return self.slow_migrations.get(domain.uuid, self.slow_migrations.get(domain.name, default))


def _spend(times: dict[str, int], domain: Domain) -> bool:
    """Is there one of these faults left for the domain? It is used up by asking."""
    for key in (domain.uuid, domain.name):
        if times.get(key, 0) > 0:
            times[key] -= 1
            return True
    return False
