"""One worker without threads, struck dead right after any thing it has changed; then the next one goes on.

Commits, and calls that change the storage, a disk or the hypervisor, are acts; it dies after the n-th. Since
nothing else runs, each run is the same up to there, and takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, cast

from cluster import ME, MemoryLive, make_config

from pvc_core.config import Config
from pvc_core.errors import PvcError, StoreUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import InitCluster, Operation
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.ensemble import MemoryTree
from pvc_core.store.memory import MemoryHome
from pvc_core.store.port import Op
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.disks.fake import FakeDisks
from pvc_drivers.hypervisor.fake import FakeFleet
from pvc_tasks.engine import Engine
from pvc_tasks.ports import Act, WorkEnd
from pvc_tasks.service import Service
from pvc_tasks.world import Executor, World
from pvc_worker.presence import Presence
from pvc_worker.registration import register_node
from pvc_worker.reporter import Reporter
from pvc_worker.storage_client import StorageClient
from pvc_worker.threads import Threads

NODE = "hv1"
ROUNDS = 400
ROUND_S = 1.0
READS = {
    *("status", "util", "osds", "pools", "volumes", "volume", "snapshots", "promised", "clones", "flags"),
    *(
        "hidden",
        "why_not_destroy",
        "why_not_stop",
        "monitors",
        "held_hosts",
        "own_address",
        "watchers",
        "blocked_clients",
    ),
    *("changed_bytes", "changes", "read", "content_of", "look", "osd_on", "close"),
    *("capacity", "domains", "domain", "xml", "migration", "forget_migration", "on_event"),
}
"""Whatever else is called changes something."""


class Struck(BaseException):
    """The process is no more."""


@dataclass
class Fate:
    """The process dies after so many acts; never, with 0."""

    after: int = 0
    acts: int = 0
    dead: bool = False

    def acted(self) -> None:
        self.acts += 1
        self.dead = self.dead or self.acts == self.after
        self.check()

    def check(self) -> None:
        """The dead do nothing more, whatever their last words would be."""
        if self.dead:
            raise Struck


class Watched:
    """A port whose changing calls are acts."""

    def __init__(self, port: Any, fate: Fate) -> None:
        self._port, self._fate = port, fate

    def __getattr__(self, name: str) -> Any:
        self._fate.check()
        found = getattr(self._port, name)
        if name in READS or not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            answer = found(*arguments, **named)
            self._fate.acted()
            return answer

        return call


class WatchedHome(MemoryHome):
    def __init__(self, memory: MemoryTree, fate: Fate) -> None:
        super().__init__(memory)
        self._fate = fate

    def commit(self, ops: Sequence[Op]) -> None:
        self._fate.check()
        super().commit(ops)
        self._fate.acted()


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time


class Quiet:
    """Obeys `Hints`, and `Work`: there is nobody to tell."""

    def ring(self, job: str, queue: str, operation: str) -> None: ...

    def tell(self, done: int, total: int) -> None: ...

    def check(self) -> None: ...


class WorksAtOnce:
    """Obeys `Works`, without a thread."""

    def __init__(self) -> None:
        self._ends: dict[str, WorkEnd] = {}

    def begin(self, job: str, act: Act, within_s: float) -> WorkEnd | None:
        try:
            end = WorkEnd(act(Quiet()))
        except PvcError as error:
            end = WorkEnd(error=error)
        return self._ends.setdefault(job, end)

    def busy(self, job: str) -> bool:
        return False

    def end_of(self, job: str) -> WorkEnd | None:
        return self._ends.get(job)

    def stop(self, job: str) -> None: ...

    def forget(self, job: str) -> None:
        self._ends.pop(job, None)


@dataclass
class Ground:
    """What outlives a process: the tree, the storage, the hypervisor, the clock."""

    tmp: Path
    blocks: FakeBlocks
    disks: FakeDisks
    tree: MemoryTree = field(default_factory=MemoryTree)
    clock: FakeClock = field(default_factory=FakeClock)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.fleet = FakeFleet(self.clock, migration_s=1.0, shutdown_s=0.5)
        self.fleet.add(NODE, f"{NODE}.lab", memory_mib=4096)
        sections = {
            "subsystems": {"hypervisor": True, "storage": True},
            "storage": {"export_directory": str(self.tmp / "exports"), "overcommit": 100},
        }
        self.config = make_config(self.tmp, NODE, **sections)
        self.service = Service(self.world(Fate()))
        self.service.submit(InitCluster(), ME)
        self._report()

    def world(self, fate: Fate) -> World:
        return World(
            store=Store(WatchedHome(self.tree, fate)),
            clock=self.clock,
            hints=Quiet(),
            live=MemoryLive(),
            config=self.config,
            blocks=cast(Any, Watched(self.blocks, fate)),
            disks=cast(Any, Watched(self.disks, fate)),
            new_id=lambda now: f"20260101t000000-{next(self.numbers):08d}",
        )

    def _report(self) -> None:
        """The agent's part: the node is there, and has said what it has."""
        world, node = self.world(Fate()), _node(self.config)
        register_node(world, node)
        Presence(world, tree.node_alive(NODE), "agent", "agent").uphold()
        storage = StorageClient(world.blocks)
        Reporter(world, NODE, self.fleet.node(NODE), "agent", Threads(), storage).report()


class Life:
    """A worker from its start to its end."""

    def __init__(self, ground: Ground, fate: Fate, number: int) -> None:
        self.ground, incarnation = ground, f"life{number}"
        self.world = ground.world(fate)
        me = Executor(
            node=NODE,
            incarnation=incarnation,
            hypervisor=cast(Any, Watched(ground.fleet.node(NODE), fate)),
            queues=tree.queues_of(NODE, True),
            works=WorksAtOnce(),
        )
        self.engine = Engine(self.world, me)
        Presence(ground.service.world, tree.node_worker(NODE), "worker", incarnation).uphold()

    def advance_all(self) -> None:
        for queue in tree.queues_of(NODE, True):
            (names,) = self.world.store.home.children([tree.queue_path(queue)])
            for job in names or ():
                self.engine.advance(job)

    def end(self) -> None:
        home = cast(MemoryHome, self.world.store.home)
        home.expire()
        home.close()
        self.ground.fleet.kill_process(NODE)


def run(ground: Ground, operation: Operation, after: int = 0) -> tuple[Job, int]:
    """The job at its end, and how many acts its first worker made before it died or all had ended."""
    job = ground.service.submit(operation, ME)
    fate = Fate(after)
    life, lives = Life(ground, fate, 0), count(1)
    for _ in range(ROUNDS):
        found = ground.service.job(job.id)
        if found.state.finished:
            return found, fate.acts
        try:
            life.advance_all()
        except Struck:
            life.end()
            life = Life(ground, Fate(), next(lives))
        except StoreUnavailable:
            pass
        ground.clock.time += ROUND_S
        ground.fleet.settle()
    raise AssertionError(f"{found.operation} never ends: {found.state}, {found.text}, {found.waiting}")


def _node(config: Config) -> Any:
    assert config.node is not None
    return config.node
