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

    patience_s = KEEPALIVE_S

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
        if self._fake.fleet.start_s:
            self._process.pause(self._fake.fleet.start_s)

    def shutdown(self, uuid: str) -> None:
        self._await_answer()
        self._fake.shutdown(uuid)
        self._acted("shutdown", uuid)

    def attach(self, uuid: str, device: str) -> None:
        self._await_answer()
        self._fake.attach(uuid, device)
        self._acted("attach", uuid)

    def detach(self, uuid: str, device: str) -> None:
        self._await_answer()
        self._fake.detach(uuid, device)
        self._acted("detach", uuid)

    def set_vcpus(self, uuid: str, count: int) -> None:
        self._await_answer()
        self._fake.set_vcpus(uuid, count)
        self._acted("set vcpus", uuid)

    def set_memory(self, uuid: str, mib: int) -> None:
        self._await_answer()
        self._fake.set_memory(uuid, mib)
        self._acted("set memory", uuid)

    def resize_disk(self, uuid: str, disk: str, size: int) -> None:
        self._await_answer()
        self._fake.resize_disk(uuid, disk, size)
        self._acted("resize disk", uuid)

    def destroy(self, uuid: str) -> None:
        self._await_answer()
        self._fake.destroy(uuid)
        self._acted("destroy", uuid)

    def resume(self, uuid: str) -> None:
        self._await_answer()
        self._fake.resume(uuid)
        self._acted("resume", uuid)

    def suspend(self, uuid: str) -> None:
        self._await_answer()
        self._fake.suspend(uuid)
        self._acted("suspend", uuid)

    def freeze(self, uuid: str) -> None:
        self._await_answer()
        self._fake.freeze(uuid)
        self._acted("freeze", uuid)

    def thaw(self, uuid: str) -> int:
        self._await_answer()
        held = self._fake.thaw(uuid)
        self._acted("thaw", uuid)
        return held

    def begin_migration(self, uuid: str, order: MigrationOrder, ended: Bell) -> None:
        self._await_answer()
        self._fake.begin_migration(uuid, order, lambda: self._process.soon(ended))
        self._acted("migrate", uuid)

    def abort_migration(self, uuid: str) -> None:
        self._await_answer()
        self._fake.abort_migration(uuid)
        self._acted("abort", uuid)

    def limit_migration(
        self, uuid: str, max_downtime_ms: int | None = None, bandwidth_mib_s: int | None = None
    ) -> None:
        self._await_answer()
        self._fake.limit_migration(uuid, max_downtime_ms, bandwidth_mib_s)
        self._acted("limit", uuid)

    def switch_to_post_copy(self, uuid: str) -> None:
        self._await_answer()
        self._fake.switch_to_post_copy(uuid)
        self._acted("post-copy", uuid)

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
