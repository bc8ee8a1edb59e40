"""What PVC asks of the hypervisor on one node.

Two homes obey this contract (tests/contract/test_hypervisor.py): `libvirt_home.py` and `fake.py`.
No call blocks for long: a hypervisor that does not answer raises HypervisorUnavailable within the
configured keepalive; a refusal raises HypervisorRefused with libvirt's own words. After
HypervisorUnavailable it is unknown whether a change was done, or will still be done: look again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from pvc_core.model.node import Capacity, Domain

Bell = Callable[[], None]
EventKind = Literal["started", "stopped", "shutdown", "suspended", "resumed", "defined", "crashed"]


@dataclass(frozen=True)
class MigrationOrder:
    """How one live migration is to be done."""

    target_uri: str
    target_address: str
    max_downtime_ms: int
    bandwidth_mib_s: int | None = None


@dataclass(frozen=True)
class MigrationProgress:
    """What libvirt says of a migration under way; bytes, milliseconds."""

    bytes_done: int = 0
    bytes_total: int = 0
    bytes_per_s: int = 0
    dirty_bytes_per_s: int = 0
    elapsed_ms: int = 0
    downtime_ms: int | None = None


@dataclass(frozen=True)
class Migration:
    """A migration away from this node: under way (also when another process began it), or ended.

    The end is remembered only by the process that began the migration. After a crash, `None` and the
    absence or presence of the domain are all there is to see.
    """

    state: Literal["active", "succeeded", "failed"]
    progress: MigrationProgress
    error: str = ""


@dataclass(frozen=True)
class DomainEvent:
    """Something happened to a domain; `kind` is libvirt's lifecycle event, `reason` its detail."""

    uuid: str
    kind: EventKind
    reason: str


class Hypervisor(Protocol):
    def capacity(self) -> Capacity:
        """What the node has, and the versions of what runs it."""

    def domains(self) -> tuple[Domain, ...]:
        """Every domain of the node in one query, sorted by UUID."""

    def domain(self, uuid: str) -> Domain | None:
        """One domain; None when the node has none of that UUID."""

    def start(self, xml: str) -> None:
        """Create a transient domain and run it."""

    def shutdown(self, uuid: str) -> None:
        """Ask the guest by ACPI to power off; returns at once. Refused while a migration is under way."""

    def destroy(self, uuid: str) -> None:
        """Stop the domain at once; no error when it is gone already."""

    def xml(self, uuid: str) -> str:
        """The live XML of a domain."""

    def begin_migration(self, uuid: str, order: MigrationOrder, ended: Bell) -> None:
        """Start a live, peer-to-peer migration and return; `ended` rings when it is over either way.

        It also rings when the connection is lost, though libvirtd may go on: look at `migration()`.
        A migration of that domain already under way is refused with HypervisorRefused.
        """

    def migration(self, uuid: str) -> Migration | None:
        """The migration of a domain away from here, under way or ended in this process's life."""

    def forget_migration(self, uuid: str) -> None:
        """Drop the remembered end of a migration."""

    def abort_migration(self, uuid: str) -> None:
        """Ask libvirt to abort it; no error when none is under way."""

    def on_event(self, listener: Callable[[DomainEvent], None]) -> None:
        """Call for each lifecycle event from now on, from the driver's own thread."""

    def close(self) -> None: ...
