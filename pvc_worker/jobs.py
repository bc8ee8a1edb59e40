"""The job process: a Celery worker on the node's queues, and the sweep that does without Celery."""

from __future__ import annotations

import logging
import os
from secrets import token_hex
from threading import Event, Thread

from pvc_core.config import Config, NodeSection
from pvc_core.decide.due import is_due
from pvc_core.store import tree
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.children import cancel_orphan
from pvc_tasks.connect import build_world
from pvc_tasks.engine import Engine
from pvc_tasks.world import Executor, World
from pvc_worker.bench import Bench
from pvc_worker.consumer import consume_for_ever
from pvc_worker.hypervisor import make_hypervisor
from pvc_worker.monitor import Monitor
from pvc_worker.presence import Presence
from pvc_worker.session import Session
from pvc_worker.sweep import find_orphans, load_unfinished
from pvc_worker.threads import Drive, Threads
from pvc_worker.works import ThreadWorks

log = logging.getLogger(__name__)

STUCK_CALLS = 2.0
"""Of the slowest kind: no step has more of them, nor has a work before it sees that it is to end. What takes
longer hangs, and only a restart cures that."""
STORE_S = 30.0
"""For a step that asks ZooKeeper alone: each call there has a limit of a few seconds."""
STUCK_CODE = 75
"""With it the process exits."""

SILENT_SHARE = 0.75
"""Of the session's time limit: without ZooKeeper for that long, the session may be about to pass on."""

STOP_PATIENCE_S = 6.0


class JobProcess:
    """Wires the engine to what wakes it."""

    def __init__(
        self, world: World, node: NodeSection, hypervisor: Hypervisor, drive: Drive | None = None
    ) -> None:
        drive = drive or Threads()
        self.world, self.node = world, node
        self.queues = tree.queues_of(node.name, node.coordinator)
        self.bench = Bench(self._advance, drive.pool(world.config.worker.slots))
        self.alarms = drive.alarms(
            self.bench.wake, self._sweep, world.config.worker.sweep_interval_s, world.clock.now
        )
        self.monitor = Monitor(hypervisor, world.live, self.bench.wake, drive)
        patience_s = SILENT_SHARE * world.config.zookeeper.session_timeout_s
        self.session = Session(world.store.home, patience_s, lost=self._stop_works)
        self.works = ThreadWorks(world.live, self.bench.wake, self.session.may_be_over)
        calls = (STORE_S, hypervisor.patience_s, world.blocks.patience_s, world.disks.patience_s)
        self.stuck_s = STUCK_CALLS * max(calls)
        me = Executor(
            node=node.name,
            incarnation=token_hex(6),
            hypervisor=hypervisor,
            queues=self.queues,
            works=self.works,
            bell=self.bench.wake,
            alarm=self.alarms.at,
            watch=self.monitor.watch,
            stepping=self.bench.stepping,
            unwatch=self.monitor.unwatch,
        )
        self.engine = Engine(world, me)
        self.presence = Presence(world, tree.node_worker(node.name), "worker", me.incarnation)

    def start(self) -> None:
        self.world.store.home.on_session_change(self.alarms.poke)
        self.session.start()
        self.monitor.start()
        self.alarms.start()

    def stop(self) -> None:
        """Let the steps under way end, and give up the session: what is claimed is free at once."""
        self.alarms.stop()
        self.works.stop_all()
        self.bench.close(STOP_PATIENCE_S)
        self.monitor.stop()
        self.world.store.home.close()

    def heard(self, job: str) -> None:
        """A hint from another process, which may be ahead of what ZooKeeper's follower shows here."""
        self.world.store.home.sync()
        self.bench.work(job)

    def find_stuck(self) -> str:
        """What hangs, in words."""
        if job := self.bench.overdue(self.stuck_s):
            return f"a step of task {job} has taken over {self.stuck_s:.0f} s"
        if job := self.works.overdue(self.stuck_s):
            return f"the work of task {job} was asked to end over {self.stuck_s:.0f} s ago"
        return ""

    def _stop_works(self) -> None:
        """With a former session the right to them is gone; they begin again if still wanted."""
        self.works.stop_all()

    def _advance(self, job: str, woken: bool) -> None:
        self.engine.advance(job, woken)

    def _sweep(self) -> None:
        self.presence.uphold()
        now, node = self.world.clock.now(), self.node.name
        at_work = self.bench.at_work()
        jobs = load_unfinished(self.world.store, self.queues, at_work)
        due = [job.id for job in jobs if is_due(job, now, node)]
        # A job that was ended from outside is in no queue any more; its work is to end too.
        for job in dict.fromkeys([*due, *sorted(self.works.known() - at_work)]):
            self.bench.wake(job, woken=False)
        for orphan in find_orphans(self.world.store, jobs):
            cancel_orphan(self.world, orphan)
            self.bench.wake(orphan.id)


def run_jobs(config: Config, node: NodeSection, stop: Event) -> int:
    """Until `stop` is set, or a slot is stuck; the exit code."""
    hypervisor = make_hypervisor(config)
    process = JobProcess(build_world(config, max(2, config.worker.slots // 2)), node, hypervisor)
    process.start()
    hearing = (config, node.name, process.queues, process.heard)
    Thread(target=consume_for_ever, args=hearing, name="celery", daemon=True).start()
    code = _await_end(process, stop)
    process.stop()
    return code


def _await_end(process: JobProcess, stop: Event) -> int:
    while not stop.wait(1.0):
        if stuck := process.find_stuck():
            log.error("%s; starting afresh and resuming the tasks", stuck)
            os._exit(STUCK_CODE)
    return 0
