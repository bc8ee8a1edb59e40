"""The hypervisor of a node whose configuration has that subsystem off: it never answers, and says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from pvc_core.errors import HypervisorUnavailable
from pvc_drivers.hypervisor.port import Bell, DomainEvent, MigrationOrder


class NoHypervisor:
    """Obeys `Hypervisor`."""

    patience_s = 0.0

    def capacity(self) -> NoReturn:
        refuse()

    def domains(self) -> NoReturn:
        refuse()

    def domain(self, uuid: str) -> NoReturn:
        refuse()

    def start(self, xml: str) -> NoReturn:
        refuse()

    def shutdown(self, uuid: str) -> NoReturn:
        refuse()

    def destroy(self, uuid: str) -> NoReturn:
        refuse()

    def resume(self, uuid: str) -> NoReturn:
        refuse()

    def suspend(self, uuid: str) -> NoReturn:
        refuse()

    def freeze(self, uuid: str) -> NoReturn:
        refuse()

    def thaw(self, uuid: str) -> NoReturn:
        refuse()

    def attach(self, uuid: str, device: str) -> NoReturn:
        refuse()

    def detach(self, uuid: str, device: str) -> NoReturn:
        refuse()

    def set_vcpus(self, uuid: str, count: int) -> NoReturn:
        refuse()

    def set_memory(self, uuid: str, mib: int) -> NoReturn:
        refuse()

    def resize_disk(self, uuid: str, disk: str, size: int) -> NoReturn:
        refuse()

    def xml(self, uuid: str) -> NoReturn:
        refuse()

    def begin_migration(self, uuid: str, order: MigrationOrder, ended: Bell) -> NoReturn:
        refuse()

    def migration(self, uuid: str) -> NoReturn:
        refuse()

    def forget_migration(self, uuid: str) -> None:
        """There is none to remember."""

    def abort_migration(self, uuid: str) -> NoReturn:
        refuse()

    def limit_migration(
        self, uuid: str, max_downtime_ms: int | None = None, bandwidth_mib_s: int | None = None
    ) -> NoReturn:
        refuse()

    def switch_to_post_copy(self, uuid: str) -> NoReturn:
        refuse()

    def on_event(self, listener: Callable[[DomainEvent], None]) -> None:
        """Nothing ever happens."""

    def close(self) -> None:
        """Nothing is open."""


def refuse() -> NoReturn:
    raise HypervisorUnavailable(
        "the hypervisor subsystem is off on this node",
        "Switch it on under `subsystems:` in the node's configuration, and restart pvc-worker.",
    )
