"""One of the processes of a pretend machine, with all that the product puts into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pvc_core.config import Config
from pvc_core.store.ensemble import MemoryTree
from pvc_core.store.port import Raw
from pvc_drivers.hypervisor.fake import FakeHypervisor
from pvc_sim.broker import Broker, Nothing, SimHints
from pvc_sim.drive import EventDrive
from pvc_sim.home import SimHome, SimStore
from pvc_sim.hypervisor import SimHypervisor
from pvc_sim.kernel import Kernel
from pvc_sim.process import Process
from pvc_sim.witness import Witness
from pvc_tasks.world import World
from pvc_worker.agent import Agent
from pvc_worker.jobs import JobProcess


@dataclass
class Surroundings:
    """What all processes of a pretend cluster share."""

    kernel: Kernel
    tree: MemoryTree
    broker: Broker
    witness: Witness
    new_id: Callable[[float], str]
    seed: str
    loads: Mapping[str, float]
    """The load average of each node."""
    known: dict[str, tuple[Raw, Any]] = field(default_factory=dict)
    lives: int = 0
    """How many processes there have ever been."""

    def process(self, name: str) -> Process:
        self.lives += 1
        return Process(self.kernel, name, self.seed and f"{self.seed} {self.lives}")


class NodeClock:
    """A node's own clock, which may be wrong."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.ahead_s = 0.0

    def now(self) -> float:
        return self._kernel.now + self.ahead_s


class Door:
    """A process that talks to the tree and the broker; the API is no more than that."""

    def __init__(
        self,
        around: Surroundings,
        name: str,
        node: str,
        config: Config,
        clock: NodeClock,
    ) -> None:
        self.around, self.name = around, name
        self.process = around.process(name)
        self.drive = EventDrive(self.process, around.loads.get(node, 0.0))
        self.home = SimHome(self.process, around.tree, around.witness)
        self.world = World(
            store=SimStore(self.home, around.known),
            clock=clock,
            hints=SimHints(self.process, around.broker, node),
            live=Nothing(),
            config=config,
            new_id=around.new_id,
        )


class AgentPart(Door):
    def __init__(
        self, around: Surroundings, node: str, config: Config, clock: NodeClock, fake: FakeHypervisor
    ) -> None:
        super().__init__(around, f"{node}/agent", node, config, clock)
        assert config.node is not None
        self.hypervisor = SimHypervisor(self.process, fake, around.witness)
        self.body = Agent(self.world, config.node, self.hypervisor, self.drive)

    def start(self) -> None:
        self.body.start()

    def leave(self) -> None:
        """What goes with a process that is no more."""
        self.hypervisor.close()


class WorkerPart(Door):
    def __init__(
        self, around: Surroundings, node: str, config: Config, clock: NodeClock, fake: FakeHypervisor
    ) -> None:
        super().__init__(around, f"{node}/worker", node, config, clock)
        assert config.node is not None
        self.node, self.fake = node, fake
        self.hypervisor = SimHypervisor(self.process, fake, around.witness)
        self.body = JobProcess(self.world, config.node, self.hypervisor, self.drive)

    def start(self) -> None:
        self.body.start()
        wake = self.body.bench.wake
        self.around.broker.consume(
            self.node, self.body.queues, lambda job: self.process.after(0, lambda: wake(job))
        )

    def leave(self) -> None:
        self.around.broker.leave(self.node)
        self.hypervisor.close()
        self.fake.fleet.kill_process(self.node)


Part = AgentPart | WorkerPart
