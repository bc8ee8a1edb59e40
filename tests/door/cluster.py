"""A whole cluster in this process: memory for ZooKeeper, a pretend fleet for libvirt, real threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import cast

from reach import Reach

from pvc_core.config import Config, parse_config
from pvc_core.model.job import Job, Progress
from pvc_core.model.operations import DefineVm, InitCluster, Operation, StartVm
from pvc_core.store.cache import CachingHome, RememberingStore
from pvc_core.store.ensemble import MemoryTree
from pvc_core.store.memory import MemoryHome
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.blocks.off import no_blocks
from pvc_drivers.blocks.port import Blocks
from pvc_drivers.disks.off import NoDisks
from pvc_drivers.disks.port import Disks
from pvc_drivers.hypervisor.fake import FakeFleet
from pvc_tasks.clock import SystemClock
from pvc_tasks.service import Asker, Service
from pvc_tasks.world import World
from pvc_worker.agent import Agent
from pvc_worker.jobs import JobProcess

ME = Asker("tester")
PUMP_S = 0.005
MEMORY_MIB = 4096


def domain_xml(name: str, memory_mib: int = 128, vcpus: int = 1, uuid: str = "") -> str:
    mark = f"<uuid>{uuid}</uuid>" if uuid else ""
    size = f"<memory unit='MiB'>{memory_mib}</memory><vcpu>{vcpus}</vcpu>"
    return f"<domain type='qemu'><name>{name}</name>{mark}{size}<os><type>hvm</type></os></domain>"


def make_config(tmp: Path, node: str | None = None, **sections: object) -> Config:
    secret = tmp / "secret"
    secret.write_text("bootstrap-secret\n")
    document: dict[str, object] = {
        "cluster": "test",
        "zookeeper": {"hosts": ["nowhere:1"], "password_file": str(secret)},
        "redis": {"host": "nowhere", "password_file": str(secret)},
        "api": {"bootstrap_token_file": str(secret)},
        "worker": {"sweep_interval_s": 0.2, "report_interval_s": 0.2, "run_directory": str(tmp)},
        "logs": {"directory": str(tmp / "log")},
        **sections,
    }
    if node is not None:
        document["node"] = {"name": node, "address": f"{node}.lab", "coordinator": True}
    return parse_config(document, "test")


class MemoryLive:
    def __init__(self) -> None:
        self.known: dict[str, Progress] = {}

    def publish(self, job: str, progress: Progress) -> None:
        self.known[job] = progress

    def read(self, jobs: Iterable[str]) -> dict[str, Progress]:
        return {job: self.known[job] for job in jobs if job in self.known}


@dataclass
class DirectHints:
    """Rings at once; or not at all, while the broker is `lost`."""

    processes: dict[str, JobProcess] = field(default_factory=dict)
    lost: bool = False
    copies: int = 1

    def ring(self, job: str, queue: str, operation: str) -> None:
        for process in [] if self.lost else list(self.processes.values()):
            if queue in process.queues:
                for _ in range(self.copies):
                    process.bench.wake(job)


class DoorCluster:
    """`service` is what the API talks to; nodes can lose their worker and get it back."""

    def __init__(
        self,
        tmp: Path,
        nodes: int = 3,
        migration_s: float = 0.1,
        blocks: FakeBlocks | None = None,
        disks: Disks | None = None,
        **sections: object,
    ) -> None:
        self.tmp, self.sections = tmp, sections
        self.blocks: Blocks = blocks or no_blocks()
        self.disks: Disks = disks or NoDisks()
        self.cut_off: set[str] = set()
        """Nodes that do not reach the storage."""
        self.tree = MemoryTree()
        self.fleet = FakeFleet(SystemClock(), migration_s=migration_s, shutdown_s=0.05)
        self.live, self.hints = MemoryLive(), DirectHints()
        self.names = [f"hv{number}" for number in range(1, nodes + 1)]
        self.agents: dict[str, Agent] = {}
        self.ended: list[Job] = []
        self.config = make_config(tmp, **sections)
        self.service = Service(self.world(self.config))
        self._stop = Event()
        self._pump = Thread(target=self._run_fleet, daemon=True)

    @property
    def workers(self) -> dict[str, JobProcess]:
        return self.hints.processes

    def world(self, config: Config) -> World:
        store = RememberingStore(MemoryHome(self.tree))
        reach = Reach(self.blocks, config.node.name if config.node else "", self.cut_off)
        storage = (cast(Blocks, reach), self.disks)
        return World(store, SystemClock(), self.hints, self.live, config, *storage, self.ended.append)

    def start(self) -> DoorCluster:
        self._pump.start()
        self.token = self.service.submit(InitCluster(), ME).result["token"]
        for name in self.names:
            self.fleet.add(name, f"{name}.lab", memory_mib=MEMORY_MIB)
            self.start_agent(name)
            self.start_worker(name)
        self.await_true(lambda: all(node.alive and node.worker for node in self._nodes()), "all nodes alive")
        self.await_true(lambda: all(node.memory_mib for node in self._nodes()), "all nodes reported")
        return self

    def _nodes(self):  # type: ignore[no-untyped-def]
        nodes = self.service.nodes()
        return nodes if len(nodes) == len(self.names) else [_Absent]

    def start_agent(self, name: str) -> None:
        config = make_config(self.tmp, name, **self.sections)
        assert config.node is not None
        self.agents[name] = Agent(self.world(config), config.node, self.fleet.node(name))
        self.agents[name].start()

    def start_worker(self, name: str) -> None:
        config = make_config(self.tmp, name, **self.sections)
        assert config.node is not None
        self.workers[name] = JobProcess(self.world(config), config.node, self.fleet.node(name))
        self.workers[name].start()

    def session(self, name: str) -> MemoryHome:
        """A worker's own, below what it remembers."""
        home = self.workers[name].world.store.home
        assert isinstance(home, CachingHome) and isinstance(home.below, MemoryHome)
        return home.below

    def kill_worker(self, name: str) -> None:
        """As if by SIGKILL: what it knew is gone, its session expires, libvirt goes on."""
        session, process = self.session(name), self.workers.pop(name)
        process.alarms.stop()
        process.monitor.stop()
        process.works.stop_all()
        process.bench.close(0)
        session.expire()
        session.close()
        self.fleet.kill_process(name)

    def define(self, name: str, node: str, memory_mib: int = 128, **options: object) -> str:
        asked = DefineVm(xml=domain_xml(name, memory_mib), node=node, **options)  # type: ignore[arg-type]
        return str(self.service.submit(asked, ME).result["uuid"])

    def run_vm(self, name: str, node: str, memory_mib: int = 128, **options: object) -> str:
        uuid = self.define(name, node, memory_mib, **options)
        job = self.finish(self.service.submit(StartVm(vm=uuid), ME))
        assert job.state == "succeeded", job
        return uuid

    def submit(self, operation: Operation) -> Job:
        return self.service.submit(operation, ME)

    def finish(self, job: Job, timeout_s: float = 15.0) -> Job:
        found, _ = self.service.await_job(job.id, timeout_s, None)
        deadline = time.monotonic() + timeout_s
        while not found.state.finished and time.monotonic() < deadline:
            found, _ = self.service.await_job(job.id, 1.0, None)
            time.sleep(0.01)
        assert found.state.finished, found
        return found

    def run(self, operation: Operation) -> Job:
        return self.finish(self.submit(operation))

    def await_true(self, condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"never came true: {what}"
            time.sleep(0.01)

    def where(self, uuid: str) -> list[str]:
        """The nodes on which libvirt itself shows a running domain."""
        return [name for name in self.names if _runs(self.fleet, name, uuid)]

    def stop(self) -> None:
        for process in list(self.workers.values()):
            process.stop()
        for agent in self.agents.values():
            agent.stop()
        self._stop.set()

    def _run_fleet(self) -> None:
        while not self._stop.wait(PUMP_S):
            self.fleet.settle()


class _Absent:
    alive = worker = False
    memory_mib = 0


def _runs(fleet: FakeFleet, name: str, uuid: str) -> bool:
    domain = fleet.node(name).domain(uuid)
    return domain is not None and domain.state == "running"


MakeCluster = Callable[..., DoorCluster]
"""The fixture `make_cluster`."""
