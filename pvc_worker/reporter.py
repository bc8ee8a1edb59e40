"""What the node runs: reported when it changes, and put right where the records differ."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from pvc_core.decide.adoption import Correction, decide_corrections
from pvc_core.errors import PvcError
from pvc_core.model.node import Capacity, Domain, NodeReport
from pvc_core.model.operations import AdoptVm, Operation, StartVm
from pvc_core.store import tree
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import look_at_cluster
from pvc_core.version import VERSION
from pvc_drivers.hypervisor.port import DomainEvent, Hypervisor
from pvc_tasks.submit import Asker
from pvc_tasks.submitter import Submitter
from pvc_tasks.world import World

log = logging.getLogger(__name__)

NO_CAPACITY = Capacity(memory_mib=0, vcpus=0)
VM_LOCKS = "vm."


class Reporter:
    """Looks at the whole node in one query, and writes one document."""

    def __init__(
        self,
        world: World,
        node: str,
        hypervisor: Hypervisor,
        incarnation: str,
        load: Callable[[], float],
    ) -> None:
        self._world, self._node, self._load = world, node, load
        self._hypervisor, self._incarnation = hypervisor, incarnation
        self._submitter = Submitter(world)
        self._guard = Lock()
        self._powered_off: set[str] = set()
        self._capacity: Capacity | None = None
        self._written: NodeReport | None = None
        self._fresh = True

    def heard(self, event: DomainEvent) -> None:
        """Remember guests that ended by themselves; from the driver's thread."""
        if event.kind == "stopped" and event.reason == "shutdown":
            with self._guard:
                self._powered_off.add(event.uuid)

    def report(self) -> None:
        """Look, write, and submit what puts differences right. Raises PvcError."""
        report = self._look()
        self._write(report)
        if report.hypervisor_ok:
            self._put_right(report.domains)
            self._fresh = False

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
            load=self._load(),
            pvc_version=VERSION,
        )

    def _write(self, report: NodeReport) -> None:
        """Nothing but the clock and the load having changed, it is still written: others see it is fresh."""
        ref = tree.node_report(self._node)
        seen = self._world.store.find(ref)
        if seen is None:
            self._world.store.commit(ref.create(report))
        else:
            self._world.store.commit(seen.save(report.but(sequence=seen.value.sequence + 1)))
        self._written = report

    def _put_right(self, domains: tuple[Domain, ...]) -> None:
        cluster = look_at_cluster(self._world.store)
        with self._guard:
            self._powered_off -= {domain.uuid for domain in domains if domain.active}
            powered_off = frozenset(self._powered_off)
        for correction in decide_corrections(
            cluster, self._node, domains, self._busy(), powered_off, self._fresh
        ):
            self._submit(correction)

    def _busy(self) -> frozenset[str]:
        names = [name for name in self._world.store.names(tree.LOCKS) if name.startswith(VM_LOCKS)]
        held = self._world.store.load_present([lock_ref(name) for name in names])
        return frozenset(lock.ref.path.rpartition(VM_LOCKS)[2] for lock in held)

    def _submit(self, correction: Correction) -> None:
        who = Asker(f"agent@{self._node}", self._node, correction.reason, self._key(correction))
        try:
            job = self._submitter.submit(self._operation(correction), who)
        except PvcError as error:
            log.warning("%s of VM %s: %s", correction.do, correction.uuid, error.message)
        else:
            log.info("task %s: %s VM %s: %s", job.id, correction.do, correction.uuid, correction.reason)

    def _key(self, correction: Correction) -> str | None:
        """A start is asked for once in this process's life: a VM that does not start is for people."""
        return f"{correction.do} {correction.uuid} {self._incarnation}" if correction.do == "start" else None

    def _operation(self, correction: Correction) -> Operation:
        match correction.do:
            case "adopt":
                return AdoptVm(vm=correction.uuid, node=self._node, seen="running")
            case "off":
                return AdoptVm(vm=correction.uuid, node=self._node, seen="off")
            case "start":
                return StartVm(vm=correction.uuid)
