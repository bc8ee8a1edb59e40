"""Who runs: of many threads, exactly one at a time.

A call that must pause in its middle keeps its thread, and its stack with it; another thread drives on in its
place. Nothing runs in parallel, so what happens depends on nothing but the order the caller decides.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread


class Halt(BaseException):
    """Raised in a paused call to unwind it: the run is over."""


class Seat:
    """Where a paused call, or an idle driver, waits for its turn."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lock.acquire()
        self.halted = False

    def wait(self) -> None:
        self._lock.acquire()

    def give(self) -> None:
        self._lock.release()


class Baton:
    """`drive()` is called in a thread of its own until it answers that the run is over."""

    def __init__(self, drive: Callable[[], None]) -> None:
        self._drive = drive
        self._over = Seat()
        self._ended = False
        self._idle: list[Seat] = []
        self._paused: dict[Seat, None] = {}
        self._gone = Seat()

    def run(self) -> None:
        """Drive until the end; what is paused then is unwound, one call after the other."""
        self._start_driver()
        self._over.wait()
        while self._paused:
            seat = next(iter(self._paused))
            seat.halted = True
            del self._paused[seat]
            seat.give()
            self._gone.wait()
        while self._idle:
            self._idle.pop().give()
            self._gone.wait()

    def pause(self, seat: Seat) -> None:
        """Give the turn away until somebody resumes the seat; raises Halt when the run ends before."""
        self._paused[seat] = None
        if self._idle:
            self._idle.pop().give()
        else:
            self._start_driver()
        seat.wait()
        if seat.halted:
            raise Halt

    def resume(self, seat: Seat) -> None:
        """Called by a driver: the paused call goes on, and the driver rests."""
        del self._paused[seat]
        mine = Seat()
        self._idle.append(mine)
        seat.give()
        mine.wait()

    def _start_driver(self) -> None:
        Thread(target=self._work, name="driver", daemon=True).start()

    def _work(self) -> None:
        try:
            self._drive()
        finally:
            self._leave()

    def _leave(self) -> None:
        """The first driver to find the end tells `run`; the others tell that they are gone."""
        first, self._ended = not self._ended, True
        (self._over if first else self._gone).give()
