"""The job process: a Celery worker on the node's queues, and the sweep that does without Celery."""

from __future__ import annotations

import logging
import os
from secrets import token_hex
from threading import Event, Thread

from pvc_core.config import Config, NodeSection
from pvc_core.store import tree
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.connect import build_world
from pvc_tasks.engine import Engine
from pvc_tasks.world import Executor, World
from pvc_worker.bench import Bench
from pvc_worker.consumer import consume_for_ever
from pvc_worker.hypervisor import make_hypervisor
from pvc_worker.monitor import Monitor
from pvc_worker.presence import Presence
from pvc_worker.sweep import find_due
from pvc_worker.threads import Drive, Threads
from pvc_worker.works import ThreadWorks

log = logging.getLogger(__name__)

STUCK_S = 60.0
"""No step takes so long: every call in it is bounded. A slot beyond that is cured by a restart."""

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
        self._session: int | None = None
        self.works = ThreadWorks(world.live, self.bench.wake)
        me = Executor(
            node=node.name,
            incarnation=token_hex(6),
            hypervisor=hypervisor,
            queues=self.queues,
            works=self.works,
            bell=self.bench.wake,
            alarm=self.alarms.at,
            watch=self.monitor.watch,
            unwatch=self.monitor.unwatch,
        )
        self.engine = Engine(world, me)
        self.presence = Presence(world, tree.node_worker(node.name), "worker", me.incarnation)

    def start(self) -> None:
        self.world.store.home.on_session_change(self.alarms.poke)
        self.world.store.home.on_session_change(self._heed_session)
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

    def _heed_session(self) -> None:
        """With a former session the right to its long works is gone; they begin again if still wanted."""
        session = self.world.store.home.session()
        if session is None:
            return
        if self._session is not None and session != self._session:
            self.works.stop_all()
        self._session = session

    def _advance(self, job: str, woken: bool) -> None:
        self.engine.advance(job, woken)

    def _sweep(self) -> None:
        self.presence.uphold()
        now, node = self.world.clock.now(), self.node.name
        for job in find_due(self.world.store, self.queues, self.bench.at_work(), now, node):
            self.bench.wake(job, woken=False)


def run_jobs(config: Config, node: NodeSection, stop: Event) -> int:
    """Until `stop` is set, or a slot is stuck; the exit code."""
    hypervisor = make_hypervisor(config)
    process = JobProcess(build_world(config), node, hypervisor)
    process.start()
    hearing = (config, node.name, process.queues, process.heard)
    Thread(target=consume_for_ever, args=hearing, name="celery", daemon=True).start()
    code = _await_end(process, stop)
    process.stop()
    return code


def _await_end(process: JobProcess, stop: Event) -> int:
    while not stop.wait(1.0):
        if process.bench.longest_s() > STUCK_S:
            log.error("a step has taken over %d s; starting afresh and resuming the tasks", STUCK_S)
            os._exit(75)
    return 0
