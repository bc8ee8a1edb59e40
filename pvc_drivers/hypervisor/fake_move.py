"""A pretend live migration."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from pvc_core.errors import HypervisorRefused
from pvc_drivers.hypervisor.fake_copy import MIB, Copy
from pvc_drivers.hypervisor.fake_guest import Guest
from pvc_drivers.hypervisor.port import Bell, Migration, MigrationOrder, MigrationProgress

if TYPE_CHECKING:
    from pvc_drivers.hypervisor.fake_node import FakeHypervisor


@dataclass(eq=False)
class Move:
    source: FakeHypervisor
    target: FakeHypervisor | None
    guest: Guest
    incoming: Guest
    bell: Bell
    began: float
    copy: Copy
    fault: str = ""
    """Why it will fail when it is due; empty for one that will succeed."""
    may_post_copy: bool = False
    adopted: bool = False
    """The process that began it is dead: nobody waits for the bell or remembers the end."""

    @property
    def due(self) -> float:
        """When the present pass is over; one that cannot work fails as soon as anybody looks."""
        return self.began if self.target is None else self.copy.ends_at()

    @property
    def blocked(self) -> bool:
        """A hung or unreachable party lets it stand still."""
        parties = [self.source] if self.target is None else [self.source, self.target]
        return any(node.hung or node.cut for node in parties)

    def end(self) -> None:
        """Of a pass, and of the whole if the rest fits into the pause."""
        if self.target is None:
            return self.fail(self.fault)
        downtime_ms = self.copy.next_pass(max(self.due, self.began))
        if downtime_ms is None:
            self.source.fleet.timers.append(self)
        elif self.fault:
            self.fail(self.fault)
        else:
            self._succeed(downtime_ms)

    def abort(self) -> None:
        if self.copy.post_copy:
            raise HypervisorRefused(
                "Requested operation is not valid: cannot abort migration in post-copy mode"
            )
        self.fail("operation aborted: migration out job: canceled by client")

    def limit(self, max_downtime_ms: int | None, bandwidth_mib_s: int | None) -> None:
        cap = self.copy.cap if bandwidth_mib_s is None else (bandwidth_mib_s * MIB or None)
        downtime = self.copy.downtime_ms if max_downtime_ms is None else max_downtime_ms
        self.copy.change(self.source.fleet.clock.now(), cap, downtime)

    def switch_to_post_copy(self) -> None:
        """The guest runs at the target from now on."""
        if not self.may_post_copy or self.target is None:
            raise HypervisorRefused(
                "Requested operation is not valid: post-copy can only be started while migration with "
                "VIR_MIGRATE_POSTCOPY is in progress"
            )
        uuid = self.guest.domain.uuid
        self.fault = ""
        self.copy.switch(self.source.fleet.clock.now())
        self.guest.domain = self.guest.domain.but(state="paused", reason="post-copy")
        self.incoming.domain = self.incoming.domain.but(state="running", reason="post-copy")
        self.source.tell(uuid, "suspended", "post-copy")
        self.target.tell(uuid, "resumed", "post-copy")

    def fail(self, error: str) -> None:
        """The guest runs on where it ran, the target is clean; cut off in post-copy it stands still."""
        uuid = self.guest.domain.uuid
        if self.copy.post_copy:
            for half in (self.guest, self.incoming):
                half.domain = half.domain.but(state="paused", reason="post-copy failed")
        elif self.target and self.target.guests.get(uuid) is self.incoming:
            del self.target.guests[uuid]
            self.target.tell(uuid, "stopped", "failed")
        self._over(Migration("failed", self._progress(), error))

    def seen(self) -> Migration:
        return Migration("active", self._progress(), rings=not self.adopted)

    def _succeed(self, downtime_ms: int) -> None:
        assert self.target is not None
        uuid = self.guest.domain.uuid
        del self.source.guests[uuid]
        self.guest.domain = self.guest.domain.but(state="running", reason="migrated")
        self.target.guests[uuid] = self.guest
        self.target.tell(uuid, "resumed", "migrated")
        self.source.tell(uuid, "stopped", "migrated")
        self._over(Migration("succeeded", self._progress(downtime_ms)))

    def _over(self, result: Migration) -> None:
        uuid = self.guest.domain.uuid
        self.source.moves.pop(uuid, None)
        if self in self.source.fleet.timers:
            self.source.fleet.timers.remove(self)
        if not self.adopted:
            self.source.ended[uuid] = result
            self.source.fleet.ring_later(self.bell)

    def _progress(self, downtime_ms: int | None = None) -> MigrationProgress:
        now, copy = self.source.fleet.clock.now(), self.copy
        remaining = 0 if downtime_ms is not None else int(copy.remaining(now))
        return MigrationProgress(
            bytes_done=copy.total - remaining,
            bytes_total=copy.total,
            bytes_per_s=0 if copy.speed in (0, inf) else int(copy.speed),
            dirty_bytes_per_s=int(copy.dirty),
            downtime_ms=downtime_ms,
            iteration=copy.iteration,
            throttle_percent=copy.throttle,
            phase="post_copy" if copy.post_copy else "copying",
        )


def begin(source: FakeHypervisor, guest: Guest, order: MigrationOrder, bell: Bell) -> Move:
    """Set it going; one that cannot work fails as soon as anybody looks."""
    fleet, now = source.fleet, source.fleet.clock.now()
    target = fleet.find(order.target_address)
    fault = _fault_at_once(source, target, guest, order)
    incoming = Guest(guest.domain.but(state="paused", reason="migration"), guest.xml)
    reached = None if fault else target
    copy = _copy(source, guest, order, now)
    move = Move(source, reached, guest, incoming, bell, now, copy, fault, order.post_copy)
    fleet.timers.append(move)
    if reached is not None:
        move.fault = _fault_in_the_end(source, guest)
        reached.guests[guest.domain.uuid] = incoming
        reached.tell(guest.domain.uuid, "started", "migrated")
    return move


def _copy(source: FakeHypervisor, guest: Guest, order: MigrationOrder, now: float) -> Copy:
    fleet = source.fleet
    return Copy(
        total=guest.domain.memory_mib * MIB,
        takes=fleet.faults.migration_s(guest.domain, fleet.migration_s),
        busy=fleet.faults.busy_mib_s(guest.domain) * MIB,
        cap=None if order.bandwidth_mib_s is None else order.bandwidth_mib_s * MIB,
        downtime_ms=order.max_downtime_ms,
        auto_converge=order.auto_converge,
        since=now,
    )


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
