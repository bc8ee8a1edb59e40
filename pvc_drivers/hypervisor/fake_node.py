"""One node of a FakeFleet."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_core.model.node import Capacity, Domain
from pvc_drivers.hypervisor import fake_devices, fake_hold
from pvc_drivers.hypervisor.fake_guest import Guest, PowerOff, StartUp, guest_of
from pvc_drivers.hypervisor.fake_move import Move, begin
from pvc_drivers.hypervisor.port import Bell, DomainEvent, EventKind, Migration, MigrationOrder

if TYPE_CHECKING:
    from pvc_drivers.hypervisor.fake import FakeFleet

P = ParamSpec("P")
R = TypeVar("R")


def answering(
    method: Callable[Concatenate[FakeHypervisor, P], R],
) -> Callable[Concatenate[FakeHypervisor, P], R]:
    """A call to libvirtd: what was due has happened before it, and it fails if nobody is there."""

    @functools.wraps(method)
    def call(self: FakeHypervisor, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.fleet.lock:
            self.fleet.catch_up()
            self.check_answers()
            return method(self, *args, **kwargs)

    return call


class FakeHypervisor:
    """Obeys the port; `guests`, `moves` and the flags are for the fleet and for tests to look at."""

    patience_s: float = 0.0

    def __init__(self, fleet: FakeFleet, name: str, address: str, memory_mib: int, vcpus: int) -> None:
        self.fleet, self.name, self.address = fleet, name, address
        self.memory_mib, self.vcpus = memory_mib, vcpus
        self.guests: dict[str, Guest] = {}
        self.moves: dict[str, Move] = {}
        self.ended: dict[str, Migration] = {}
        self.hung, self.cut, self.powered = False, False, True
        self._listeners: list[Callable[[DomainEvent], None]] = []

    @answering
    def capacity(self) -> Capacity:
        return Capacity(
            memory_mib=self.memory_mib,
            vcpus=self.vcpus,
            host=self.name,
            hypervisor="QEMU",
            hypervisor_version="7.2.0",
            libvirt_version="9.0.0",
        )

    @answering
    def domains(self) -> tuple[Domain, ...]:
        return tuple(self.guests[uuid].domain for uuid in sorted(self.guests))

    @answering
    def domain(self, uuid: str) -> Domain | None:
        guest = self.guests.get(uuid)
        return guest.domain if guest else None

    @answering
    def start(self, xml: str) -> None:
        guest = guest_of(xml)
        taken = {key for one in self.guests.values() for key in (one.domain.uuid, one.domain.name)}
        if not taken.isdisjoint((guest.domain.uuid, guest.domain.name)):
            raise HypervisorRefused(f"operation failed: domain '{guest.domain.name}' already exists")
        if self.fleet.faults.spend_refusal(guest.domain):
            raise HypervisorRefused("internal error: process exited while connecting to monitor")
        self.guests[guest.domain.uuid] = guest
        boot = StartUp(self.fleet.clock.now() + self.fleet.start_s, self, guest)
        if not self.fleet.start_s:
            return boot.end()
        guest.domain = guest.domain.but(state="paused", reason="starting up")
        self.fleet.timers.append(boot)

    @answering
    def shutdown(self, uuid: str) -> None:
        guest = self._guest(uuid)
        if self.moves_touching(uuid):
            raise HypervisorRefused(f"domain '{guest.domain.name}' is busy with a migration or another job")
        deaf = self.fleet.faults.is_deaf(guest.domain) or guest.domain.state == "paused"
        if not guest.stopping and not deaf:
            guest.stopping = True
            self.fleet.timers.append(PowerOff(self.fleet.clock.now() + self.fleet.shutdown_s, self, guest))

    @answering
    def destroy(self, uuid: str) -> None:
        if uuid in self.guests:
            self.remove(uuid, "destroyed")

    @answering
    def resume(self, uuid: str) -> None:
        """In vain while what paused it lasts."""
        guest = self._guest(uuid)
        if guest.domain.state == "paused" and not self.fleet.faults.is_stuck(guest.domain):
            guest.domain = guest.domain.but(state="running", reason="unpaused")
            self.tell(uuid, "resumed", "unpaused")

    @answering
    def suspend(self, uuid: str) -> None:
        fake_hold.suspend(self, self._guest(uuid))

    @answering
    def freeze(self, uuid: str) -> None:
        fake_hold.freeze(self, self._guest(uuid))

    @answering
    def thaw(self, uuid: str) -> int:
        return fake_hold.thaw(self, self._guest(uuid))

    @answering
    def attach(self, uuid: str, device: str) -> None:
        fake_devices.attach(self, self._guest(uuid), device)

    @answering
    def detach(self, uuid: str, device: str) -> None:
        fake_devices.detach(self, self._guest(uuid), device)

    @answering
    def set_vcpus(self, uuid: str, count: int) -> None:
        fake_devices.set_vcpus(self._guest(uuid), count)

    @answering
    def set_memory(self, uuid: str, mib: int) -> None:
        fake_devices.set_memory(self._guest(uuid), mib)

    @answering
    def resize_disk(self, uuid: str, disk: str, size: int) -> None:
        fake_devices.resize(self._guest(uuid), disk, size)

    @answering
    def xml(self, uuid: str) -> str:
        return self._guest(uuid).xml

    @answering
    def begin_migration(self, uuid: str, order: MigrationOrder, ended: Bell) -> None:
        guest = self._guest(uuid)
        if uuid in self.moves:
            raise HypervisorRefused(
                "operation failed: another migration job is already running for the domain"
            )
        self.ended.pop(uuid, None)
        self.moves[uuid] = begin(self, guest, order, ended)

    @answering
    def migration(self, uuid: str) -> Migration | None:
        move = self.moves.get(uuid)
        return move.seen() if move else self.ended.get(uuid)

    def forget_migration(self, uuid: str) -> None:
        self.ended.pop(uuid, None)

    @answering
    def abort_migration(self, uuid: str) -> None:
        if uuid in self.moves:
            self.moves[uuid].abort()

    @answering
    def limit_migration(
        self, uuid: str, max_downtime_ms: int | None = None, bandwidth_mib_s: int | None = None
    ) -> None:
        self._move(uuid).limit(max_downtime_ms, bandwidth_mib_s)

    @answering
    def switch_to_post_copy(self, uuid: str) -> None:
        self._move(uuid).switch_to_post_copy()

    def on_event(self, listener: Callable[[DomainEvent], None]) -> None:
        self._listeners.append(listener)

    def close(self) -> None:
        self._listeners.clear()

    def check_answers(self) -> None:
        if self.hung:
            raise HypervisorUnavailable(f"libvirtd of {self.name} does not answer")
        if not self.powered:
            raise HypervisorUnavailable(f"libvirtd of {self.name} cannot be reached: it is off")

    def pause(self, uuid: str, reason: str = "ioerror") -> None:
        """The guest stands still from now on; by itself, or by somebody's hand."""
        guest = self._guest(uuid)
        guest.domain = guest.domain.but(state="paused", reason=reason)
        self.tell(uuid, "suspended", reason)

    def remove(self, uuid: str, reason: str) -> None:
        """The guest is gone from here, and with it any migration of it."""
        del self.guests[uuid]
        self.tell(uuid, "stopped", reason)
        for move in self.moves_touching(uuid):
            move.fail("operation failed: domain is not running")

    def moves_touching(self, uuid: str | None = None) -> list[Move]:
        """Migrations from and to this node, of one domain or of all."""
        moves = [timer for timer in self.fleet.timers if isinstance(timer, Move)]
        mine = [move for move in moves if self in (move.source, move.target)]
        return [move for move in mine if uuid in (None, move.guest.domain.uuid)]

    def break_moves(self, error: str) -> None:
        for move in self.moves_touching():
            move.fail(f"operation failed: migration out job: {error}")

    def lose_power(self) -> None:
        """Everything on the node is gone, the processes that used this home too."""
        self.powered = False
        self.forget_process()
        self.guests.clear()
        self.break_moves("client socket is closed")

    def forget_process(self) -> None:
        self._listeners.clear()
        self.ended.clear()
        for move in self.moves.values():
            move.adopted = True

    def tell(self, uuid: str, kind: EventKind, reason: str) -> None:
        """Keep the event for the next `settle()`; a libvirtd that is off or hung says nothing."""
        if self.powered and not self.hung:
            event = DomainEvent(uuid, kind, reason)
            for listener in self._listeners:
                self.fleet.ring_later(functools.partial(listener, event))

    def _move(self, uuid: str) -> Move:
        if uuid not in self.moves:
            raise HypervisorRefused("Requested operation is not valid: no migration is under way")
        return self.moves[uuid]

    def _guest(self, uuid: str) -> Guest:
        if uuid not in self.guests:
            raise HypervisorRefused(f"Domain not found: no domain with matching uuid '{uuid}'")
        return self.guests[uuid]
