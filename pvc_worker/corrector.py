"""Putting right where the records differ from what the node runs: by tasks that everybody can see."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock

from pvc_core.decide.adoption import Correction, decide_corrections
from pvc_core.errors import PvcError
from pvc_core.model.node import Domain
from pvc_core.model.operations import AdoptVm, Operation, RecoverVm, StartVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import look_at_cluster
from pvc_drivers.hypervisor.port import DomainEvent, Hypervisor
from pvc_tasks.submit import Asker
from pvc_tasks.submitter import Submitter
from pvc_tasks.world import World

log = logging.getLogger(__name__)

VM_LOCKS = "vm."
UNHEARD_S = 5.0
"""How long the word of how a guest ended may be on its way."""
UNHEARD = "it is gone, and nobody heard how it ended"
MOST_SAID = 200
"""Characters of a crash's description."""


@dataclass(frozen=True)
class Expected:
    """What was known just before the node was looked at."""

    cluster: Cluster
    busy: frozenset[str]
    """VMs a job holds, or that libvirt is carrying away: theirs to put right."""
    powered_off: frozenset[str]
    crashed: Mapping[str, str]
    """How, by UUID."""


class Corrector:
    def __init__(self, world: World, node: str, incarnation: str, hypervisor: Hypervisor) -> None:
        self._world, self._node, self._incarnation = world, node, incarnation
        self._hypervisor = hypervisor
        self._submitter = Submitter(world)
        self._guard = Lock()
        self._powered_off: set[str] = set()
        self._crashed: dict[str, str] = {}
        self._ended_by_hand: set[str] = set()
        self._ran: set[str] = set()
        """VMs that were seen running here as they should, and not known to have ended."""
        self._missing: dict[str, float] = {}
        """Since when a VM that ran here is gone, and nobody has heard why."""
        self._settled: set[str] = set()
        """VMs that were once seen as they should be here: should one stop running, nobody starts it again."""

    def heard(self, event: DomainEvent) -> None:
        """Remember guests that ended by themselves, until they run again; from the driver's thread."""
        how = end_of(event)
        if how is None:
            return
        with self._guard:
            self._forget(event.uuid)
            if how == "off":
                self._powered_off.add(event.uuid)
            elif how:
                self._crashed[event.uuid] = how
            elif event.kind == "stopped":
                self._ended_by_hand.add(event.uuid)

    def _forget(self, uuid: str) -> None:
        """How it ended last; to be called under the guard."""
        self._powered_off.discard(uuid)
        self._crashed.pop(uuid, None)
        self._ended_by_hand.discard(uuid)

    def expect(self) -> Expected:
        """To be asked before looking at the node: records that are too old by then are refused."""
        cluster, held = look_at_cluster(self._world.store), self._busy()
        busy = held | self._leaving(cluster, held)
        with self._guard:
            lost = dict.fromkeys(self._lost(), UNHEARD)
            return Expected(cluster, busy, frozenset(self._powered_off), {**lost, **self._crashed})

    def put_right(self, expected: Expected, domains: Collection[Domain]) -> None:
        active = {domain.uuid for domain in domains if domain.active}
        with self._guard:
            for uuid in (expected.powered_off | expected.crashed.keys()) & active:
                self._forget(uuid)
            explained = self._powered_off | self._crashed.keys() | self._ended_by_hand
        cluster = expected.cluster
        for found in decide_corrections(
            cluster, self._node, domains, expected.powered_off, fresh=True, crashed=expected.crashed
        ):
            if found.uuid not in expected.busy:
                self._correct(found, cluster.vm_versions[found.uuid])
        for vm in cluster.vms.values():
            self._settle(vm, vm.uuid in active, vm.uuid in expected.busy)
            self._watch(vm, vm.uuid in active, vm.uuid in expected.busy or vm.uuid in explained)

    def _settle(self, vm: VmSpec, active: bool, busy: bool) -> None:
        if vm.moving_to == self._node:
            self._settled.discard(vm.uuid)
        elif active or (not busy and (vm.state is not Wanted.START or vm.node != self._node)):
            self._settled.add(vm.uuid)

    def _watch(self, vm: VmSpec, active: bool, explained: bool) -> None:
        """Notice who is gone; an event may still be on its way, or was lost with the connection."""
        if vm.state is not Wanted.START or vm.node != self._node or vm.moving_to is not None:
            self._ran.discard(vm.uuid)
        elif active:
            self._ran.add(vm.uuid)
        if active or explained or vm.uuid not in self._ran:
            self._missing.pop(vm.uuid, None)
        else:
            # A clock that is set back must not make it wait for what was.
            now = self._world.clock.now()
            self._missing[vm.uuid] = min(now, self._missing.get(vm.uuid, now))

    def _lost(self) -> list[str]:
        now = self._world.clock.now()
        return [uuid for uuid, since in self._missing.items() if now - since >= UNHEARD_S]

    def _busy(self) -> frozenset[str]:
        names = [name for name in self._world.store.names(tree.LOCKS) if name.startswith(VM_LOCKS)]
        held = self._world.store.load_present([lock_ref(name) for name in names])
        return frozenset(lock.ref.path.rpartition(VM_LOCKS)[2] for lock in held)

    def _leaving(self, cluster: Cluster, held: frozenset[str]) -> frozenset[str]:
        """Whose migration goes on although its job was given up: that they still run here proves nothing."""
        away = {vm.uuid for vm in cluster.vms_on(self._node) if vm.moving_to is not None}
        return frozenset(uuid for uuid in sorted(away - held) if self._is_carried_away(uuid))

    def _is_carried_away(self, uuid: str) -> bool:
        """Of a hypervisor that does not answer, nothing else is believed either."""
        try:
            migration = self._hypervisor.migration(uuid)
        except PvcError:
            return True
        return migration is not None and migration.state == "active"

    def _correct(self, found: Correction, version: int) -> None:
        if found.do == "start" and found.uuid in self._settled:
            return
        who = Asker(f"agent@{self._node}", self._node, found.reason, self._key(found, version))
        try:
            job = self._submitter.submit(self._operation(found, version), who)
        except PvcError as error:
            log.warning("%s of VM %s: %s", found.do, found.uuid, error.message)
            return
        log.info("task %s: %s VM %s: %s", job.id, found.do, found.uuid, found.reason)
        self._settled.add(found.uuid)
        if found.do == "recover":
            self._ran.discard(found.uuid)
            with self._guard:
                self._crashed.pop(found.uuid, None)

    def _key(self, found: Correction, version: int) -> str | None:
        """A start is asked for once in this process's life: a VM that does not start is for people.

        A crash is seen to once: as soon as it is counted, the VM's record has another version.
        """
        if found.do == "start":
            return f"start {found.uuid} {self._incarnation}"
        return f"recover {found.uuid} {version} {self._incarnation}" if found.do == "recover" else None

    def _operation(self, found: Correction, version: int) -> Operation:
        match found.do:
            case "adopt":
                return AdoptVm(vm=found.uuid, node=self._node, seen="running", as_of=version)
            case "off":
                return AdoptVm(vm=found.uuid, node=self._node, seen="off", as_of=version)
            case "start":
                return StartVm(vm=found.uuid, recover=True)
            case "recover":
                return RecoverVm(vm=found.uuid, crash=found.reason[:MOST_SAID])


def end_of(event: DomainEvent) -> str | None:
    """How a guest ended by itself: `off`, or the words of its crash; empty when it runs or was ended by
    somebody; None for what says nothing about that."""
    match event.kind, event.reason:
        case "stopped", "shutdown":
            return "off"
        case "stopped", "failed":
            return "its QEMU process died"
        case ("stopped", "crashed") | ("crashed", _):
            return f"its guest crashed ({event.reason})"
        case (("stopped" | "started" | "resumed"), _):
            return ""
    return None
