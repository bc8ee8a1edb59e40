"""Waking jobs at a time, and sweeping in between, on one thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from threading import Condition, Thread

from pvc_worker.timetable import Timetable

log = logging.getLogger(__name__)


class Alarms:
    """Rings `ring(job)` at the times set, and calls `sweep()` at once when poked and every `interval_s`."""

    def __init__(
        self,
        ring: Callable[[str], None],
        sweep: Callable[[], None],
        interval_s: float,
        now: Callable[[], float],
    ) -> None:
        self._ring, self._sweep, self._interval_s, self._now = ring, sweep, interval_s, now
        self._changed = Condition()
        self._times = Timetable()
        self._poked = True
        self._stopping = False
        self._thread = Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def at(self, job: str, moment: float) -> None:
        with self._changed:
            if self._times.put(job, moment):
                self._changed.notify()

    def poke(self) -> None:
        """Sweep now: the connection is back, say."""
        with self._changed:
            self._poked = True
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        next_sweep = time.monotonic()
        while not self._stopping:
            for job in self._take_due():
                self._try(f"waking task {job}", partial(self._ring, job))
            if self._poked or time.monotonic() >= next_sweep:
                self._poked = False
                self._try("sweep", self._sweep)
                next_sweep = time.monotonic() + self._interval_s
            self._sleep(next_sweep)

    def _take_due(self) -> list[str]:
        with self._changed:
            return self._times.take_due(self._now())

    def _try(self, what: str, act: Callable[[], None]) -> None:
        """Nobody takes the place of this thread: whatever happens in it, the next sweep follows."""
        try:
            act()
        except Exception as error:
            log.warning("%s failed, the next sweep follows: %s", what, error)

    def _sleep(self, next_sweep: float) -> None:
        with self._changed:
            if self._poked or self._stopping:
                return
            pause = next_sweep - time.monotonic()
            if self._times.next_at is not None:
                pause = min(pause, self._times.next_at - self._now())
            if pause > 0:
                self._changed.wait(pause)
