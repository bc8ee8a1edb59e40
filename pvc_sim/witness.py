"""Sees every step: tells it to the timeline, checks the invariants, and kills where it was asked to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pvc_core.decide.wave import Limits
from pvc_core.store.ensemble import MemoryTree
from pvc_core.store.port import Op
from pvc_drivers.hypervisor.fake import FakeFleet
from pvc_sim.breach import Breach
from pvc_sim.drive import job_at_work
from pvc_sim.kernel import Kernel
from pvc_sim.mirror import Change, Mirror
from pvc_sim.process import Process
from pvc_sim.rules import guests, jobs, records, states
from pvc_sim.timeline import Timeline


@dataclass
class CrashPoint:
    """The `step`-th step of a job of that kind: right after it, once, something happens to the worker."""

    step: int
    operation: str
    strike: Callable[[Process], None]
    done: bool = False


@dataclass
class Witness:
    """Obeys `Steps`."""

    kernel: Kernel
    tree: MemoryTree
    fleet: FakeFleet
    timeline: Timeline
    stirred: Callable[[], None]
    """Told that something may be due at the hypervisors at another time than before."""
    limits: Limits
    crash_points: list[CrashPoint] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    """How many each job has taken."""
    report_points: dict[str, Callable[[Process], None]] = field(default_factory=dict)
    """What happens, once, to the agent of a node right after it has written what it saw."""

    def __post_init__(self) -> None:
        self.mirror = Mirror(self.tree)
        self.where: dict[str, str] = {}
        self.changed_at = self.kernel.now
        self.asleep = True
        """While the scenario is laid out."""
        self._excused: set[str] = set()
        self._unclaimed: str | None = None

    def committing(self, process: Process, ops: Sequence[Op]) -> None:
        """Whether a step is about to write its job without a claim on it; wrong only if it succeeds."""
        self._unclaimed = jobs.find_unclaimed(self.mirror, job_at_work(), ops)

    def committed(self, process: Process, ops: Sequence[Op]) -> None:
        self._check(lambda: jobs.check_claimed(self._unclaimed, process.name))
        changes = self.mirror.update(ops)
        telling = [change for change in changes if change.kind != "report"]
        if telling:
            self.changed_at = self.kernel.now
            self.timeline.tell(self.kernel.second, telling)
            self._check(lambda: self._check_records(telling))
        for change in changes:
            if change.kind == "report" and (strike := self.report_points.pop(change.key, None)):
                strike(process)
        self._count(process)

    def acted(self, process: Process, effect: str, uuid: str) -> None:
        job = job_at_work()
        self._check(lambda: guests.check_effect(self.mirror, effect, uuid, job, process.name))
        if effect in ("shutdown", "destroy"):
            self._excused.add(uuid)
        self.timeline.act(self.kernel.second, effect, uuid, process.name)
        self.look()
        self.stirred()
        self._count(process)

    def look(self) -> None:
        """At the hypervisors, whenever something may have happened there."""
        self._check(self._check_guests)

    def excuse(self, node: str) -> None:
        """The power of that node is cut: its guests are gone, and nobody is to blame."""
        self._excused.update(uuid for uuid, place in self.where.items() if place == node)

    def excuse_guest(self, uuid: str) -> None:
        """It ends by itself."""
        self._excused.add(uuid)

    def wake(self) -> None:
        """The scenario is laid out; from now on everything counts."""
        self.asleep = False
        self.where = guests.check_guests(self.mirror, self.fleet)
        self.timeline.begin()

    def _check_records(self, changes: list[Change]) -> None:
        for change in changes:
            if change.kind == "job":
                jobs.check_job(self.mirror, change)
            elif change.kind == "vm":
                records.check_vm(self.mirror, change)
            states.check_state(change)
        records.check_locks(self.mirror)
        records.check_moving(self.mirror)
        records.check_limits(self.mirror, changes, self.limits)
        for node in self.mirror.nodes.values():
            records.check_node(self.mirror, node)
        self._check_guests()

    def _check_guests(self) -> None:
        where = guests.check_guests(self.mirror, self.fleet)
        guests.check_stopped(self.mirror, where)
        if where == self.where:
            return
        self._excused |= guests.find_torn(self.fleet)
        for uuid in self.where.keys() - where.keys() - self._excused:
            vm = self.mirror.vms.get(uuid)
            name = vm.name if vm is not None else uuid
            raise Breach("no VM is stopped by surprise", f"{name} ran on {self.where[uuid]} and is gone")
        self._excused -= where.keys() - self.where.keys()
        self.timeline.moved(self.kernel.second, self.where, where)
        self.where, self.changed_at = where, self.kernel.now

    def _check(self, rule: Callable[[], None]) -> None:
        if self.asleep:
            return
        try:
            rule()
        except Breach as breach:
            self.kernel.fail(breach)

    def _count(self, process: Process) -> None:
        """A step of a job has been made."""
        job = job_at_work()
        if job is None or job not in self.mirror.jobs:
            return
        self.steps[job] += 1
        operation = self.mirror.jobs[job].operation
        for point in self.crash_points:
            if not point.done and (point.operation, point.step) == (operation, self.steps[job]):
                point.done = True
                point.strike(process)
                process.pause(0)
