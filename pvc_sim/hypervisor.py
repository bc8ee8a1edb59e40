"""A process's connection to the pretend libvirtd of its node: calls take time, and effects are witnessed."""

from __future__ import annotations

from collections.abc import Callable

from pvc_core.errors import HypervisorUnavailable
from pvc_core.model.node import Capacity, Domain
from pvc_drivers.hypervisor.fake import FakeHypervisor
from pvc_drivers.hypervisor.port import Bell, DomainEvent, Migration, MigrationOrder
from pvc_sim.home import Steps
from pvc_sim.process import Process

ASK_S = 0.002
KEEPALIVE_S = 10.0
"""How long a libvirtd that hangs keeps its callers."""


class SimHypervisor:
    """Obeys `Hypervisor`.

    Nothing gets in between a caller's last look at its claim and the effect that follows it: against being
    stopped just there, no check can help.
    """

    def __init__(self, process: Process, fake: FakeHypervisor, steps: Steps) -> None:
        self._process, self._fake, self._steps = process, fake, steps
        self._listeners: list[Callable[[DomainEvent], None]] = []
        self.listen()

    def listen(self) -> None:
        """Also when the fake has forgotten its listeners because another process of the node died."""
        self._fake.on_event(self._heard)

    def capacity(self) -> Capacity:
        self._ask()
        return self._fake.capacity()

    def domains(self) -> tuple[Domain, ...]:
        self._ask()
        return self._fake.domains()

    def domain(self, uuid: str) -> Domain | None:
        self._ask()
        return self._fake.domain(uuid)

    def xml(self, uuid: str) -> str:
        self._ask()
        return self._fake.xml(uuid)

    def migration(self, uuid: str) -> Migration | None:
        self._ask()
        return self._fake.migration(uuid)

    def forget_migration(self, uuid: str) -> None:
        self._fake.forget_migration(uuid)

    def start(self, xml: str) -> None:
        self._await_answer()
        before = set(self._fake.guests)
        self._fake.start(xml)
        self._acted("start", (set(self._fake.guests) - before).pop())

    def shutdown(self, uuid: str) -> None:
        self._await_answer()
        self._fake.shutdown(uuid)
        self._acted("shutdown", uuid)

    def destroy(self, uuid: str) -> None:
        self._await_answer()
        self._fake.destroy(uuid)
        self._acted("destroy", uuid)

    def begin_migration(self, uuid: str, order: MigrationOrder, ended: Bell) -> None:
        self._await_answer()
        self._fake.begin_migration(uuid, order, lambda: self._process.soon(ended))
        self._acted("migrate", uuid)

    def abort_migration(self, uuid: str) -> None:
        self._await_answer()
        self._fake.abort_migration(uuid)
        self._acted("abort", uuid)

    def on_event(self, listener: Callable[[DomainEvent], None]) -> None:
        self._listeners.append(listener)

    def close(self) -> None:
        self._listeners.clear()

    def _heard(self, event: DomainEvent) -> None:
        for listener in self._listeners:
            self._process.soon(listener, event)

    def _ask(self) -> None:
        self._process.pause(KEEPALIVE_S if self._fake.hung else ASK_S)

    def _await_answer(self) -> None:
        """A change that was sent to a libvirtd that hangs is never made, and nobody can tell."""
        if self._fake.hung:
            self._process.pause(KEEPALIVE_S)
            raise HypervisorUnavailable(f"libvirtd of {self._fake.name} does not answer")

    def _acted(self, effect: str, uuid: str) -> None:
        self._steps.acted(self._process, effect, uuid)
        self._process.pause(ASK_S)
