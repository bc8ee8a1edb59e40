"""What the node runs: reported when it changes, and put right where the records differ."""

from __future__ import annotations

from pvc_core.errors import PvcError
from pvc_core.model.node import Capacity, Domain, NodeReport
from pvc_core.store import tree
from pvc_core.version import VERSION
from pvc_drivers.hypervisor.port import DomainEvent, Hypervisor
from pvc_tasks.world import World
from pvc_worker.corrector import Corrector
from pvc_worker.storage_client import StorageClient
from pvc_worker.threads import Drive

NO_CAPACITY = Capacity(memory_mib=0, vcpus=0)


class Reporter:
    """Looks at the whole node in one query, and writes one document."""

    def __init__(
        self,
        world: World,
        node: str,
        hypervisor: Hypervisor,
        incarnation: str,
        drive: Drive,
        storage: StorageClient,
    ) -> None:
        self._world, self._node, self._drive = world, node, drive
        self._storage = storage
        self._hypervisor = hypervisor
        self._corrector = Corrector(world, node, incarnation, hypervisor)
        self._capacity: Capacity | None = None
        self._written: NodeReport | None = None

    def domains(self) -> tuple[Domain, ...] | None:
        """What was reported last; None before the first report."""
        return None if self._written is None else self._written.domains

    def heard(self, event: DomainEvent) -> None:
        """From the driver's thread."""
        self._corrector.heard(event)

    def report(self) -> None:
        """Look, write, and submit what puts differences right. Raises PvcError."""
        expected = self._corrector.expect()
        report = self._look()
        self._write(report)
        if report.hypervisor_ok:
            self._corrector.put_right(expected, report.domains)

    def _look(self) -> NodeReport:
        domains: tuple[Domain, ...] = ()
        error = ""
        try:
            self._capacity = self._capacity or self._hypervisor.capacity()
            domains = self._hypervisor.domains()
        except PvcError as failure:
            error = failure.message
            domains = self._written.domains if self._written is not None else ()
        return NodeReport(
            at=self._world.clock.now(),
            capacity=self._capacity or NO_CAPACITY,
            domains=domains,
            hypervisor_ok=not error,
            hypervisor_error=error,
            reserved_memory_mib=self._world.config.hypervisor.reserved_memory_mib,
            load=self._drive.load(),
            interfaces=self._drive.interfaces(),
            pvc_version=VERSION,
            storage_address=self._storage.host,
        )

    def _write(self, report: NodeReport) -> None:
        """Nothing but the clock and the load having changed, it is still written: others see it is fresh."""
        ref = tree.node_report(self._node)
        seen = self._world.store.find(ref)
        if seen is None:
            self._world.store.commit(ref.create(report))
        else:
            known = report.storage_address or seen.value.storage_address
            number = seen.value.sequence + 1
            self._world.store.commit(seen.save(report.but(sequence=number, storage_address=known)))
        self._written = report
