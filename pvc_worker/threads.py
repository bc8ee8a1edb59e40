"""What makes the parts of a process move: threads here, the events of a fake clock in the simulator."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from pvc_worker.alarms import Alarms
from pvc_worker.rounds import Round


class Pool(Protocol):
    """Slots in which calls are made, each soon, at most so many at a time."""

    def submit(self, call: Callable[..., None], /, *args: Any) -> object: ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None: ...


class Rounds(Protocol):
    """A thing done again and again, sooner when poked."""

    def start(self) -> None: ...

    def poke(self) -> None: ...

    def stop(self) -> None: ...


class Waking(Rounds, Protocol):
    """Jobs are rung for at the times set, and a sweep is made again and again, sooner when poked."""

    def at(self, job: str, moment: float) -> None: ...


class Drive(Protocol):
    def load(self) -> float:
        """The host's load average of one minute."""

    def pool(self, slots: int) -> Pool: ...

    def round(self, name: str, act: Callable[[], None], interval_s: float) -> Rounds: ...

    def alarms(
        self,
        ring: Callable[[str], None],
        sweep: Callable[[], None],
        interval_s: float,
        now: Callable[[], float],
    ) -> Waking: ...


class Threads:
    """The drive of a real process."""

    def load(self) -> float:
        return os.getloadavg()[0]

    def pool(self, slots: int) -> Pool:
        return ThreadPoolExecutor(slots, thread_name_prefix="slot")

    def round(self, name: str, act: Callable[[], None], interval_s: float) -> Rounds:
        return Round(name, act, interval_s)

    def alarms(
        self,
        ring: Callable[[str], None],
        sweep: Callable[[], None],
        interval_s: float,
        now: Callable[[], float],
    ) -> Waking:
        return Alarms(ring, sweep, interval_s, now)
