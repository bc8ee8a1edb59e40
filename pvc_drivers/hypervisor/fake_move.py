"""A pretend live migration."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from pvc_drivers.hypervisor.fake_guest import Guest
from pvc_drivers.hypervisor.port import Bell, Migration, MigrationOrder, MigrationProgress

if TYPE_CHECKING:
    from pvc_drivers.hypervisor.fake_node import FakeHypervisor

MIB = 1024 * 1024


@dataclass(eq=False)
class Move:
    source: FakeHypervisor
    target: FakeHypervisor | None
    guest: Guest
    incoming: Guest
    bell: Bell
    began: float
    due: float
    fault: str = ""
    """Why it will fail when it is due; empty for one that will succeed."""
    adopted: bool = False
    """The process that began it is dead: nobody waits for the bell or remembers the end."""

    @property
    def blocked(self) -> bool:
        """A hung or unreachable party lets it stand still."""
        parties = [self.source] if self.target is None else [self.source, self.target]
        return any(node.hung or node.cut for node in parties)

    def end(self) -> None:
        if self.fault:
            self.fail(self.fault)
        else:
            self._succeed()

    def fail(self, error: str) -> None:
        """The guest runs on where it ran, the target is clean."""
        uuid = self.guest.domain.uuid
        if self.target and self.target.guests.get(uuid) is self.incoming:
            del self.target.guests[uuid]
            self.target.tell(uuid, "stopped", "failed")
        self._over(Migration("failed", self._progress(), error))

    def seen(self) -> Migration:
        return Migration("active", self._progress())

    def _succeed(self) -> None:
        assert self.target is not None
        uuid = self.guest.domain.uuid
        del self.source.guests[uuid]
        self.guest.domain = self.guest.domain.but(state="running", reason="migrated")
        self.target.guests[uuid] = self.guest
        self.target.tell(uuid, "resumed", "migrated")
        self.source.tell(uuid, "stopped", "migrated")
        self._over(Migration("succeeded", self._progress(downtime_ms=30)))

    def _over(self, result: Migration) -> None:
        uuid = self.guest.domain.uuid
        self.source.moves.pop(uuid, None)
        if self in self.source.fleet.timers:
            self.source.fleet.timers.remove(self)
        if not self.adopted:
            self.source.ended[uuid] = result
            self.source.fleet.ring_later(self.bell)

    def _progress(self, downtime_ms: int | None = None) -> MigrationProgress:
        elapsed = max(0.0, self.source.fleet.clock.now() - self.began)
        takes = self.due - self.began
        done = 1.0 if elapsed >= takes else elapsed / takes
        total = self.guest.domain.memory_mib * MIB
        return MigrationProgress(
            bytes_done=int(total * done),
            bytes_total=total,
            bytes_per_s=0 if takes in (0, inf) else int(total / takes),
            elapsed_ms=int(elapsed * 1000),
            downtime_ms=downtime_ms,
        )


def begin(source: FakeHypervisor, guest: Guest, order: MigrationOrder, bell: Bell) -> Move:
    """Set it going; one that cannot work fails as soon as anybody looks."""
    fleet, now = source.fleet, source.fleet.clock.now()
    target = fleet.find(order.target_address)
    fault = _fault_at_once(source, target, guest, order)
    due = now if fault else now + fleet.faults.migration_s(guest.domain, fleet.migration_s)
    incoming = Guest(guest.domain.but(state="paused", reason="migration"), guest.xml)
    move = Move(source, None if fault else target, guest, incoming, bell, now, due, fault)
    fleet.timers.append(move)
    if not fault and target is not None:
        move.fault = _fault_in_the_end(source, guest)
        target.guests[guest.domain.uuid] = incoming
        target.tell(guest.domain.uuid, "started", "migrated")
    return move


def _fault_at_once(
    source: FakeHypervisor, target: FakeHypervisor | None, guest: Guest, order: MigrationOrder
) -> str:
    if target is None or not target.powered or target.hung or source.cut or target.cut:
        return f"the target cannot be reached: {order.target_uri} does not answer"
    if target is source:
        return "internal error: Attempt to migrate guest to the same host"
    if any(_same(guest, other) for other in target.guests.values()):
        return f"operation failed: domain '{guest.domain.name}' is already active on the target"
    return ""


def _fault_in_the_end(source: FakeHypervisor, guest: Guest) -> str:
    failed = source.fleet.faults.spend_failure(guest.domain)
    return "operation failed: migration out job: unexpectedly failed" if failed else ""


def _same(guest: Guest, other: Guest) -> bool:
    return guest.domain.uuid == other.domain.uuid or guest.domain.name == other.domain.name
