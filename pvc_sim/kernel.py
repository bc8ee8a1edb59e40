"""The fake clock, and the order of events on it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial

from pvc_sim.baton import Baton, Halt, Seat

EPOCH = 1_767_225_600.0
"""What the clock shows at second 0: midnight UTC, 1 January 2026."""

Act = Callable[[], None]


class Kernel:
    """Calls what is due, in the order of time and, at the same time, of asking."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.failure: BaseException | None = None
        self.events = 0
        self._queue: list[tuple[float, int, Act]] = []
        self._asked = self._counted = 0
        self._until = EPOCH
        self._running = self._finished = False
        self._baton = Baton(self._drive)

    @property
    def second(self) -> float:
        """Since the start."""
        return self.now - EPOCH

    def at(self, moment: float, act: Act) -> None:
        self._asked += 1
        heapq.heappush(self._queue, (max(moment, self.now), self._asked, act))

    def after(self, seconds: float, act: Act) -> None:
        self.at(self.now + seconds, act)

    def run(self, until: float) -> None:
        """Let everything happen up to that second, or to `finish`; once. Raises what went wrong."""
        self._until = EPOCH + until
        self._running = True
        self._baton.run()
        self._running = False
        if self.failure is not None:
            raise self.failure

    def count(self) -> int:
        """A number that is different on every call."""
        self._counted += 1
        return self._counted

    def finish(self) -> None:
        """Let nothing more happen after the present event."""
        self._finished = True

    def fail(self, error: BaseException) -> None:
        """End the run with this error, from whatever depth."""
        self.failure = self.failure or error
        raise Halt

    def sleep(self, seconds: float) -> None:
        """Let others go on for so long, in the middle of a call; no time passes before `run`."""
        if not self._running:
            return
        moment = self.now + seconds
        if moment <= self._until and (not self._queue or self._queue[0][0] > moment):
            self.now = moment
            return
        seat = Seat()
        self.at(moment, partial(self.wake, seat))
        self.park(seat)

    def park(self, seat: Seat) -> None:
        """Let others go on until `wake` is called for the seat."""
        self._baton.pause(seat)

    def wake(self, seat: Seat) -> None:
        """As an event of its own: the parked call goes on."""
        self._baton.resume(seat)

    def _over(self) -> bool:
        if self._finished or self.failure is not None:
            return True
        return not self._queue or self._queue[0][0] > self._until

    def _drive(self) -> None:
        while not self._over():
            self.now, _, act = heapq.heappop(self._queue)
            self.events += 1
            try:
                act()
            except Halt:
                return
            except Exception as error:
                self.failure = self.failure or error
