"""Putting right where the records differ from what the node runs: by tasks that everybody can see."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock

from pvc_core.decide.adoption import Correction, decide_corrections
from pvc_core.errors import PvcError
from pvc_core.model.node import Domain
from pvc_core.model.operations import AdoptVm, Operation, StartVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import look_at_cluster
from pvc_drivers.hypervisor.port import DomainEvent
from pvc_tasks.submit import Asker
from pvc_tasks.submitter import Submitter
from pvc_tasks.world import World

log = logging.getLogger(__name__)

VM_LOCKS = "vm."


@dataclass(frozen=True)
class Expected:
    """What was known just before the node was looked at."""

    cluster: Cluster
    busy: frozenset[str]
    """VMs a job holds: theirs to put right."""
    powered_off: frozenset[str]


class Corrector:
    def __init__(self, world: World, node: str, incarnation: str) -> None:
        self._world, self._node, self._incarnation = world, node, incarnation
        self._submitter = Submitter(world)
        self._guard = Lock()
        self._powered_off: set[str] = set()
        self._settled: set[str] = set()
        """VMs that were once seen as they should be here: should one stop running, nobody starts it again."""

    def heard(self, event: DomainEvent) -> None:
        """Remember guests that ended by themselves; from the driver's thread."""
        if event.kind == "stopped" and event.reason == "shutdown":
            with self._guard:
                self._powered_off.add(event.uuid)

    def expect(self) -> Expected:
        """To be asked before looking at the node: records that are too old by then are refused."""
        cluster, busy = look_at_cluster(self._world.store), self._busy()
        with self._guard:
            return Expected(cluster, busy, frozenset(self._powered_off))

    def put_right(self, expected: Expected, domains: Collection[Domain]) -> None:
        active = {domain.uuid for domain in domains if domain.active}
        with self._guard:
            self._powered_off -= expected.powered_off & active
        cluster = expected.cluster
        for found in decide_corrections(cluster, self._node, domains, expected.powered_off, fresh=True):
            if found.uuid not in expected.busy:
                self._correct(found, cluster.vm_versions[found.uuid])
        for vm in cluster.vms.values():
            self._settle(vm, vm.uuid in active, vm.uuid in expected.busy)

    def _settle(self, vm: VmSpec, active: bool, busy: bool) -> None:
        if vm.moving_to == self._node:
            self._settled.discard(vm.uuid)
        elif active or (not busy and (vm.state is not Wanted.START or vm.node != self._node)):
            self._settled.add(vm.uuid)

    def _busy(self) -> frozenset[str]:
        names = [name for name in self._world.store.names(tree.LOCKS) if name.startswith(VM_LOCKS)]
        held = self._world.store.load_present([lock_ref(name) for name in names])
        return frozenset(lock.ref.path.rpartition(VM_LOCKS)[2] for lock in held)

    def _correct(self, found: Correction, version: int) -> None:
        if found.do == "start" and found.uuid in self._settled:
            return
        who = Asker(f"agent@{self._node}", self._node, found.reason, self._key(found))
        try:
            job = self._submitter.submit(self._operation(found, version), who)
        except PvcError as error:
            log.warning("%s of VM %s: %s", found.do, found.uuid, error.message)
            return
        log.info("task %s: %s VM %s: %s", job.id, found.do, found.uuid, found.reason)
        self._settled.add(found.uuid)

    def _key(self, found: Correction) -> str | None:
        """A start is asked for once in this process's life: a VM that does not start is for people."""
        return f"{found.do} {found.uuid} {self._incarnation}" if found.do == "start" else None

    def _operation(self, found: Correction, version: int) -> Operation:
        match found.do:
            case "adopt":
                return AdoptVm(vm=found.uuid, node=self._node, seen="running", as_of=version)
            case "off":
                return AdoptVm(vm=found.uuid, node=self._node, seen="off", as_of=version)
            case "start":
                return StartVm(vm=found.uuid, recover=True)
