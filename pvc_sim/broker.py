"""The pretend Redis: it carries hints, and loses, doubles and delays them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from random import Random

from pvc_core.model.job import Progress
from pvc_sim.kernel import Kernel
from pvc_sim.process import Process

DELIVER_S = 0.002
LATE_MEAN_S = 0.5
PUBLISH_PATIENCE_S = 1.0

Consumer = Callable[[str], None]


class Broker:
    """A list of hints for each queue, as Celery keeps them."""

    def __init__(self, kernel: Kernel, seed: str) -> None:
        self._kernel, self._chance, self._jittery = kernel, Random(f"{seed} broker"), bool(seed)
        self._consumers: dict[str, dict[str, Consumer]] = {}
        self._waiting: dict[str, list[str]] = {}
        self.up, self.frozen, self.cut = True, False, set[str]()
        self.drop_chance, self.doubling = 0.0, False

    def ring(self, job: str, queue: str) -> None:
        if not self.up or self._chance.random() < self.drop_chance:
            return
        for _ in range(self._chance.randint(2, 5) if self.doubling else 1):
            self._waiting.setdefault(queue, []).append(job)
            self._kernel.after(self._delay(), partial(self._deliver, queue))

    def consume(self, node: str, queues: Iterable[str], consumer: Consumer) -> None:
        """That node's worker takes hints from now on; what lies there already it gets at once."""
        for queue in queues:
            self._consumers.setdefault(queue, {})[node] = consumer
        self.flow()

    def leave(self, node: str) -> None:
        for consumers in self._consumers.values():
            consumers.pop(node, None)

    def wipe(self) -> None:
        self._waiting.clear()

    def heal(self) -> None:
        self.up, self.frozen, self.drop_chance, self.doubling = True, False, 0.0, False
        self.flow()

    def flow(self) -> None:
        """Deliver what could not be before."""
        for queue, jobs in self._waiting.items():
            for _ in jobs:
                self._kernel.after(self._delay(), partial(self._deliver, queue))

    def _deliver(self, queue: str) -> None:
        jobs = self._waiting.get(queue)
        takers = [each for node, each in self._consumers.get(queue, {}).items() if node not in self.cut]
        if not self.up or self.frozen or not jobs or not takers:
            return
        self._chance.choice(takers)(jobs.pop(0))

    def _delay(self) -> float:
        late = self._jittery and self._chance.random() < 0.1
        return DELIVER_S + (self._chance.expovariate(1 / LATE_MEAN_S) if late else 0.0)


class SimHints:
    """One process's way to the broker; obeys `Hints`."""

    def __init__(self, process: Process, broker: Broker, node: str) -> None:
        self._process, self._broker, self._node = process, broker, node

    def ring(self, job: str, queue: str, operation: str) -> None:
        if self._broker.frozen:
            self._process.pause(PUBLISH_PATIENCE_S)
        elif self._node not in self._broker.cut:
            self._broker.ring(job, queue)


class Nothing:
    """Live progress that nobody keeps; obeys `LiveProgress`."""

    def publish(self, job: str, progress: Progress) -> None:
        return

    def read(self, jobs: Iterable[str]) -> dict[str, Progress]:
        return {}
