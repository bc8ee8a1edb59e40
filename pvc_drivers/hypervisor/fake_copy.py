"""How a pretend guest's memory gets across: pass after pass, as QEMU does it.

Each pass sends what changed during the one before. What changes is bounded by what the guest works on, a
third of its memory. The last bit is sent while the guest stands still, if that is short enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

MIB = 1024 * 1024
WORKING_SET = 1 / 3
THROTTLE_FIRST, THROTTLE_STEP, THROTTLE_MOST = 20, 10, 99
LEAST_PAUSE_MS = 30


@dataclass(eq=False)
class Copy:
    """In bytes and seconds; `takes` is what one pass over the whole memory needs without a cap."""

    total: int
    takes: float
    busy: float
    cap: float | None
    downtime_ms: int
    auto_converge: bool
    since: float
    """When the present pass, or its present speed, began."""
    sent: float = 0.0
    iteration: int = 1
    throttle: int = 0
    post_copy: bool = False

    def __post_init__(self) -> None:
        self.size: float = self.total

    @property
    def speed(self) -> float:
        own = self.total / self.takes if self.takes else inf
        return own if self.cap is None else min(own, self.cap)

    @property
    def dirty(self) -> float:
        return 0.0 if self.post_copy else self.busy * (100 - self.throttle) / 100

    def ends_at(self) -> float:
        """When the present pass is over."""
        if self.cap is None and not self.sent:
            return self.since + self.takes * (self.size / self.total)
        return self.since + (self.size - self.sent) / self.speed if self.speed else inf

    def remaining(self, now: float) -> float:
        if self.speed == inf:
            return 0.0 if now >= self.ends_at() else self.size
        return max(0.0, self.size - self.sent - max(0.0, now - self.since) * self.speed)

    def change(self, now: float, cap: float | None, downtime_ms: int) -> None:
        """What was sent so far was sent at the former speed."""
        self.sent = self.size - self.remaining(now)
        self.since, self.cap, self.downtime_ms = now, cap, downtime_ms

    def switch(self, now: float) -> None:
        self.change(now, self.cap, self.downtime_ms)
        self.post_copy = True

    def next_pass(self, now: float) -> int | None:
        """Begin it; or the downtime in ms, when the rest is small enough to be sent in the pause."""
        left = min(self.total * WORKING_SET, self.dirty * self._pass_s())
        pause_ms = 1000 * left / self.speed if self.speed else 0
        if self.post_copy or pause_ms <= self.downtime_ms:
            return max(LEAST_PAUSE_MS, round(pause_ms))
        if self.auto_converge and self.iteration > 1 and left > self.size / 2:
            self.throttle = min(THROTTLE_MOST, max(THROTTLE_FIRST, self.throttle + THROTTLE_STEP))
        self.size, self.sent, self.since = left, 0.0, now
        self.iteration += 1
        return None

    def _pass_s(self) -> float:
        return self.size / self.speed if self.speed else inf
