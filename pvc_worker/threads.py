"""What makes the parts of a process move: threads here, the events of a fake clock in the simulator."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from pvc_worker.alarms import Alarms
from pvc_worker.rounds import Round

OF_GUESTS = ("vnet", "macvtap", "macvlan", "tap")
"""Prefixes of the interfaces that are made for guests, by libvirt or by hand."""


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

    def interfaces(self) -> tuple[str, ...] | None:
        """The host's network interfaces but those of guests; None if it does not tell."""

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

    def interfaces(self) -> tuple[str, ...] | None:
        names = (name for _, name in socket.if_nameindex())
        return tuple(sorted(name for name in names if name != "lo" and not name.startswith(OF_GUESTS)))

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
