"""What PVC asks of the hypervisor on one node.

Two homes obey this contract (tests/contract/test_hypervisor.py): `libvirt_home.py` and `fake.py`.
No call blocks for long: a hypervisor that does not answer raises HypervisorUnavailable within the
configured keepalive, or `patience_s` where it does what may take long; a refusal raises
HypervisorRefused with libvirt's own words. After HypervisorUnavailable it is unknown whether a change was
done, or will still be done: look again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from pvc_core.model.node import Capacity, Domain
from pvc_drivers.patience import Patient

Bell = Callable[[], None]
EventKind = Literal["started", "stopped", "shutdown", "suspended", "resumed", "defined", "crashed"]


@dataclass(frozen=True)
class MigrationOrder:
    """How one live migration is to be done."""

    target_uri: str
    target_address: str
    max_downtime_ms: int
    bandwidth_mib_s: int | None = None
    auto_converge: bool = False
    """QEMU may slow the guest down while memory changes faster than it is sent."""
    post_copy: bool = False
    """`switch_to_post_copy` will be possible."""


MigrationPhase = Literal["copying", "post_copy", "broken"]


@dataclass(frozen=True)
class MigrationProgress:
    """What libvirt says of a migration under way; bytes, milliseconds."""

    bytes_done: int = 0
    bytes_total: int = 0
    bytes_per_s: int = 0
    dirty_bytes_per_s: int = 0
    downtime_ms: int | None = None
    iteration: int = 0
    """The pass over the memory; the second begins with what changed during the first."""
    throttle_percent: int = 0
    phase: MigrationPhase = "copying"
    """`broken`: post-copy was cut off, and the guest stands still, torn between two nodes."""


@dataclass(frozen=True)
class Migration:
    """A migration away from this node: under way (also when another process began it), or ended.

    The end is remembered only by the process that began the migration. After a crash, `None` and the
    absence or presence of the domain are all there is to see.
    """

    state: Literal["active", "succeeded", "failed"]
    progress: MigrationProgress
    error: str = ""
    rings: bool = False
    """Its end will ring the bell that this process gave."""


@dataclass(frozen=True)
class DomainEvent:
    """Something happened to a domain; `kind` is libvirt's lifecycle event, `reason` its detail."""

    uuid: str
    kind: EventKind
    reason: str


class Hypervisor(Patient, Protocol):
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

    def resume(self, uuid: str) -> None:
        """Let a paused guest run on; no error when it runs already."""

    def suspend(self, uuid: str) -> None:
        """Let a guest stand still once all it is writing is written; no error when it does already.

        Refused while a migration is under way.
        """

    def freeze(self, uuid: str) -> None:
        """Have the agent in the guest write out its file systems and hold them.

        Refused by an agent that does not, and without one. One that says nothing raises
        HypervisorUnavailable, and may do it yet: `thaw`.
        """

    def thaw(self, uuid: str) -> int:
        """Let them go on; how many were held."""

    def attach(self, uuid: str, device: str) -> None:
        """Give a running guest a device; refused when it cannot have it."""

    def detach(self, uuid: str, device: str) -> None:
        """Ask a running guest to give up a device, as it stands in the live XML; no error without one.

        It takes its time, and may never do it: look at the live XML.
        """

    def set_vcpus(self, uuid: str, count: int) -> None:
        """How many virtual CPUs a running guest has online, up to its maximum."""

    def set_memory(self, uuid: str, mib: int) -> None:
        """How much of its maximum a running guest may use; what it gives back, it gives back in time."""

    def resize_disk(self, uuid: str, disk: str, size: int) -> None:
        """Let a running guest see how large its disk (its id, as in vda) is by now; `size` is in bytes."""

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
        """Ask libvirt to abort it; no error when none is under way. Refused during post-copy."""

    def limit_migration(
        self, uuid: str, max_downtime_ms: int | None = None, bandwidth_mib_s: int | None = None
    ) -> None:
        """Change what the migration under way may use; 0 MiB/s for no limit, None leaves it as it is."""

    def switch_to_post_copy(self, uuid: str) -> None:
        """The guest goes on at the target at once, and fetches what is missing; there is no way back.

        Refused where the order did not allow it.
        """

    def on_event(self, listener: Callable[[DomainEvent], None]) -> None:
        """Call for each lifecycle event from now on, from the driver's own thread."""

    def close(self) -> None: ...
