"""A cluster with block storage in memory, for the tests of storage operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, current_thread
from typing import Any, TypeVar

from cluster import DoorCluster

from pvc_core.errors import PvcError
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.blocks.port import Tell
from pvc_drivers.disks.fake import FakeDisks

GIB = 1 << 30
ON = {"hypervisor": True, "storage": True}


F = TypeVar("F", bound=FakeBlocks)


class SlowBlocks(FakeBlocks):
    """Long calls go on only while `going` is set, so that a test can look at, cancel or kill them halfway."""

    def __init__(self) -> None:
        super().__init__()
        self.going = Event()
        self.going.set()
        self.began = 0
        self.fails_once: PvcError | None = None
        """What a long call ends with, once it goes on."""

    def remove_volume(self, pool: str, name: str, tell: Tell) -> None:
        self.began += 1
        super().remove_volume(pool, name, self.slowed(tell))

    def slowed(self, tell: Tell) -> Tell:
        def told(done: int, total: int) -> None:
            while not self.going.wait(0.005):
                tell(done, total)
            fault, self.fails_once = self.fails_once, None
            if fault is not None:
                raise fault
            tell(done, total)

        return told


class DisksBesideSteps:
    """A node's disks. Each call may take a minute, for which a step would keep its slot."""

    def __init__(self, disks: FakeDisks) -> None:
        self._disks = disks

    def __getattr__(self, name: str) -> Any:
        beside = current_thread().name.startswith("work ")
        assert beside or name == "patience_s", f"{name} was asked in a step"
        return getattr(self._disks, name)


def fill(blocks: F) -> F:
    """Pool `vms` with `web` and `db`, pool `slow` with `archive`."""
    for pool, names in (("vms", ("web", "db")), ("slow", ("archive",))):
        blocks.add_pool(pool)
        for name in names:
            blocks.add_volume(pool, name, 10 * GIB)
    return blocks


def await_true(condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.01)


@contextmanager
def running(tmp: Path, blocks: FakeBlocks, nodes: int = 2, **options: Any) -> Iterator[DoorCluster]:
    """A cluster that has its storage on; long calls are let go on before it ends."""
    found = DoorCluster(tmp, nodes=nodes, blocks=blocks, subsystems=ON, **options).start()
    yield found
    if isinstance(blocks, SlowBlocks):
        blocks.going.set()
    found.stop()
