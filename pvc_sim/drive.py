"""What moves the parts of a pretend process: events of the kernel where a real one has threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from pvc_core.errors import PvcError
from pvc_sim.process import Process
from pvc_worker.rounds import Round
from pvc_worker.threads import Pool, Rounds, Waking
from pvc_worker.timetable import Timetable

STAGGER_S = 0.0309
STAGGERED = 16
"""Rounds begin apart from each other, so that they meet seldom, as in life."""

LEAST_S = 0.001

_doing = threading.local()


def job_at_work() -> str | None:
    """The job whose step the present call belongs to."""
    return getattr(_doing, "job", None)


class EventDrive:
    """Obeys pvc_worker's Drive."""

    def __init__(self, process: Process, load: float) -> None:
        self._process, self._load = process, load

    def load(self) -> float:
        return self._load

    def interfaces(self) -> tuple[str, ...] | None:
        return None

    def pool(self, slots: int) -> Pool:
        return EventPool(self._process, slots)

    def round(self, name: str, act: Callable[[], None], interval_s: float) -> Rounds:
        return EventRounds(self._process, Round(name, act, interval_s).once, interval_s)

    def alarms(
        self,
        ring: Callable[[str], None],
        sweep: Callable[[], None],
        interval_s: float,
        now: Callable[[], float],
    ) -> Waking:
        return EventAlarms(self._process, ring, sweep, interval_s, now)


class EventPool:
    def __init__(self, process: Process, slots: int) -> None:
        self._process, self._free = process, slots
        self._waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()

    def submit(self, call: Callable[..., None], /, *args: Any) -> object:
        self._waiting.append((call, args))
        if self._free:
            self._free -= 1
            self._process.soon(self._work)
        return None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._waiting.clear()

    def _work(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        call, args = self._waiting.popleft()
        _doing.job = args[0]
        try:
            call(*args)
        finally:
            _doing.job = None
        self._process.soon(self._work)


class EventRounds:
    """One round at a time; poked in its middle, another follows at once."""

    def __init__(self, process: Process, act: Callable[[], None], interval_s: float) -> None:
        self._process, self._act, self._interval_s = process, act, interval_s
        self._turn = 0
        self._busy = self._poked = self._stopped = False

    def start(self) -> None:
        self._next(STAGGER_S * (1 + self._process.kernel.count() % STAGGERED))

    def poke(self) -> None:
        if self._busy:
            self._poked = True
        else:
            self._next(LEAST_S)

    def stop(self) -> None:
        self._stopped = True

    def _next(self, seconds: float) -> None:
        self._turn += 1
        turn = self._turn
        self._process.after(seconds, lambda: self._run(turn))

    def _run(self, turn: int) -> None:
        """Only the last one planned is made."""
        if self._stopped or turn != self._turn or self._busy:
            return
        self._busy = True
        self._act()
        self._busy = False
        poked, self._poked = self._poked, False
        self._next(LEAST_S if poked else self._interval_s)


class EventAlarms(EventRounds):
    def __init__(
        self,
        process: Process,
        ring: Callable[[str], None],
        sweep: Callable[[], None],
        interval_s: float,
        now: Callable[[], float],
    ) -> None:
        super().__init__(process, self._sweep, interval_s)
        self._ring, self._do_sweep, self._now = ring, sweep, now
        self._times = Timetable()

    def at(self, job: str, moment: float) -> None:
        if self._times.put(job, moment):
            self._process.after(max(LEAST_S, moment - self._now()), self._due)

    def _due(self) -> None:
        for job in self._times.take_due(self._now()):
            self._ring(job)
        # Rounding may bring us a hair too early.
        if self._times.next_at is not None and self._times.next_at - self._now() < LEAST_S:
            self._process.after(LEAST_S, self._due)

    def _sweep(self) -> None:
        try:
            self._do_sweep()
        except PvcError:
            return
