"""A process of a pretend machine: it runs, stands still, or is dead."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from random import Random

from pvc_sim.baton import Seat
from pvc_sim.kernel import Act, Kernel

SOON_S = 0.0005
"""What it takes to wake a thread."""

SLOW_CHANCE = 0.03
SLOW_MEAN_S = 0.3


class Killed(BaseException):
    """Raised in a call of a process that is no more, at its next word to the outside."""


class Life(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    DEAD = "dead"


class Process:
    """Every call that leaves it passes `pause`: there time passes, others go on, and death strikes."""

    def __init__(self, kernel: Kernel, name: str, seed: str = "") -> None:
        self.kernel, self.name = kernel, name
        self.life = Life.RUNNING
        self.stopped_at = 0.0
        self.on_cont: list[Act] = []
        self._chance = Random(f"{seed} {name}") if seed else None
        self._held: list[Act] = []
        self._parked: list[Seat] = []

    def after(self, seconds: float, act: Act) -> None:
        """Call it in this process; later if it stands still, never if it is dead by then."""
        self.kernel.after(seconds, partial(self._enter, act))

    def soon(self, call: Callable[..., None], *args: object) -> None:
        self.after(SOON_S, partial(call, *args))

    def pause(self, seconds: float) -> None:
        self.kernel.sleep(seconds + self._slowness())
        while self.life is Life.STOPPED:
            seat = Seat()
            self._parked.append(seat)
            self.kernel.park(seat)
        self.check()

    def check(self) -> None:
        """A dead process does nothing more."""
        if self.life is Life.DEAD:
            raise Killed(self.name)

    def stop(self) -> None:
        """As by SIGSTOP."""
        if self.life is Life.RUNNING:
            self.life, self.stopped_at = Life.STOPPED, self.kernel.now

    def cont(self) -> None:
        """As by SIGCONT: it goes on with all it knew."""
        if self.life is Life.STOPPED:
            self.life = Life.RUNNING
            self._go_on()
            for act in self.on_cont:
                act()

    def kill(self) -> None:
        """As by SIGKILL."""
        self.life = Life.DEAD
        self._go_on()

    def _go_on(self) -> None:
        held, self._held = self._held, []
        parked, self._parked = self._parked, []
        for seat in parked:
            self.kernel.after(0, partial(self.kernel.wake, seat))
        for act in held:
            self.after(0, act)

    def _enter(self, act: Act) -> None:
        if self.life is Life.STOPPED:
            self._held.append(act)
        elif self.life is Life.RUNNING:
            try:
                act()
            except Killed:
                return

    def _slowness(self) -> float:
        """Now and then something takes long: that is when others get in between."""
        if self._chance is None or self._chance.random() >= SLOW_CHANCE:
            return 0.0
        return self._chance.expovariate(1 / SLOW_MEAN_S)
