"""The hypervisor port on a real libvirtd. Connects on first use, and again after every loss."""

from __future__ import annotations

from collections.abc import Callable

from pvc_core.model.node import Capacity, Domain
from pvc_core.xml.domain import parse_domain
from pvc_drivers.hypervisor import libvirt_devices as devices
from pvc_drivers.hypervisor import libvirt_domains as ask
from pvc_drivers.hypervisor import libvirt_hold as hold
from pvc_drivers.hypervisor.libvirt_events import Ear
from pvc_drivers.hypervisor.libvirt_lanes import Lanes
from pvc_drivers.hypervisor.libvirt_moves import Moves
from pvc_drivers.hypervisor.libvirt_targets import Targets
from pvc_drivers.hypervisor.port import Bell, DomainEvent, Migration, MigrationOrder

SLOW_S = 60.0
"""What creating or killing a QEMU may take; a libvirtd that is not there is noticed much earlier."""


class LibvirtHypervisor:
    def __init__(self, uri: str, keepalive_s: float = 10.0) -> None:
        self._lanes = Lanes(uri, keepalive_s)
        self.patience_s = self._lanes.patience_s + SLOW_S
        self._moves = Moves(self._lanes, Targets(keepalive_s))
        self._ear = Ear(uri, keepalive_s, self._moves.completed)

    def capacity(self) -> Capacity:
        return self._lanes.call("capacity", ask.capacity)

    def domains(self) -> tuple[Domain, ...]:
        return self._lanes.call("list of domains", ask.all_domains)

    def domain(self, uuid: str) -> Domain | None:
        return self._lanes.call(f"state of {uuid}", lambda connection: ask.one_domain(connection, uuid))

    def start(self, xml: str) -> None:
        what = f"start of {parse_domain(xml).name}"
        self._lanes.call(what, lambda connection: ask.start(connection, xml), SLOW_S)

    def shutdown(self, uuid: str) -> None:
        self._lanes.call(f"shutdown of {uuid}", lambda connection: ask.shutdown(connection, uuid))

    def destroy(self, uuid: str) -> None:
        self._lanes.call(f"end of {uuid}", lambda connection: ask.destroy(connection, uuid), SLOW_S)

    def resume(self, uuid: str) -> None:
        self._lanes.call(f"resumption of {uuid}", lambda connection: ask.resume(connection, uuid))

    def suspend(self, uuid: str) -> None:
        self._lanes.call(f"pause of {uuid}", lambda connection: hold.suspend(connection, uuid))

    def freeze(self, uuid: str) -> None:
        self._lanes.call(f"freeze of {uuid}", lambda connection: hold.freeze(connection, uuid))

    def thaw(self, uuid: str) -> int:
        return self._lanes.call(f"thaw of {uuid}", lambda connection: hold.thaw(connection, uuid))

    def attach(self, uuid: str, device: str) -> None:
        what = f"attachment to {uuid}"
        self._lanes.call(what, lambda connection: devices.attach(connection, uuid, device), SLOW_S)

    def detach(self, uuid: str, device: str) -> None:
        what = f"detachment from {uuid}"
        self._lanes.call(what, lambda connection: devices.detach(connection, uuid, device), SLOW_S)

    def set_vcpus(self, uuid: str, count: int) -> None:
        what = f"vCPUs of {uuid}"
        self._lanes.call(what, lambda connection: devices.set_vcpus(connection, uuid, count), SLOW_S)

    def set_memory(self, uuid: str, mib: int) -> None:
        what = f"memory of {uuid}"
        self._lanes.call(what, lambda connection: devices.set_memory(connection, uuid, mib))

    def resize_disk(self, uuid: str, disk: str, size: int) -> None:
        what = f"size of {disk} of {uuid}"
        self._lanes.call(what, lambda connection: devices.resize(connection, uuid, disk, size), SLOW_S)

    def xml(self, uuid: str) -> str:
        return self._lanes.call(f"XML of {uuid}", lambda connection: ask.live_xml(connection, uuid))

    def begin_migration(self, uuid: str, order: MigrationOrder, ended: Bell) -> None:
        self._ear.start()
        self._moves.begin(uuid, order, ended)

    def migration(self, uuid: str) -> Migration | None:
        return self._lanes.call(f"migration of {uuid}", lambda connection: self._moves.look(connection, uuid))

    def forget_migration(self, uuid: str) -> None:
        self._moves.forget(uuid)

    def abort_migration(self, uuid: str) -> None:
        self._lanes.call(f"abort of {uuid}", lambda connection: self._moves.abort(connection, uuid))

    def limit_migration(
        self, uuid: str, max_downtime_ms: int | None = None, bandwidth_mib_s: int | None = None
    ) -> None:
        self._lanes.call(
            f"limits of {uuid}",
            lambda connection: self._moves.limit(connection, uuid, max_downtime_ms, bandwidth_mib_s),
        )

    def switch_to_post_copy(self, uuid: str) -> None:
        self._lanes.call(
            f"post-copy of {uuid}", lambda connection: self._moves.switch_to_post_copy(connection, uuid)
        )

    def on_event(self, listener: Callable[[DomainEvent], None]) -> None:
        self._ear.add(listener, self._lanes.patience_s)

    def close(self) -> None:
        """Migrations under way go on inside libvirtd."""
        self._ear.close()
        self._lanes.close()
