"""A pretend cluster's hypervisors: passive, deterministic, on a clock of the caller's choosing.

Nothing happens between calls. Every call first lets what is due by `clock.now()` happen; bells and
events are kept until `settle()`, so nobody is called back in the middle of a call of theirs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Protocol

from pvc_drivers.hypervisor.fake_faults import Faults
from pvc_drivers.hypervisor.fake_node import FakeHypervisor

__all__ = ["Clock", "FakeFleet", "FakeHypervisor", "Faults"]


class Clock(Protocol):
    def now(self) -> float: ...


class Timer(Protocol):
    """Something that ends by itself at `due`, or later if `blocked` until then."""

    @property
    def due(self) -> float: ...

    @property
    def blocked(self) -> bool: ...

    def end(self) -> None: ...


class FakeFleet:
    """All hypervisors of a pretend cluster, and the faults they suffer."""

    def __init__(self, clock: Clock, migration_s: float = 2.0, shutdown_s: float = 1.0) -> None:
        self.clock = clock
        self.migration_s = migration_s
        self.shutdown_s = shutdown_s
        self.start_s = 0.0
        """How long libvirtd takes to start a guest, whoever waits for that."""
        self.faults = Faults()
        self.timers: list[Timer] = []
        self.lock = threading.RLock()
        self._nodes: dict[str, FakeHypervisor] = {}
        self._bells: deque[Callable[[], None]] = deque()

    def add(self, name: str, address: str = "", memory_mib: int = 16384, vcpus: int = 8) -> FakeHypervisor:
        """A new node, empty and switched on."""
        node = FakeHypervisor(self, name, address or name, memory_mib, vcpus)
        self._nodes[node.name] = self._nodes[node.address] = node
        return node

    def node(self, name_or_address: str) -> FakeHypervisor:
        """That node; made when it is mentioned for the first time."""
        return self.find(name_or_address) or self.add(name_or_address)

    def find(self, name_or_address: str) -> FakeHypervisor | None:
        return self._nodes.get(name_or_address)

    def nodes(self) -> list[FakeHypervisor]:
        """Every node once, in the order of their making."""
        return list(dict.fromkeys(self._nodes.values()))

    def settle(self) -> None:
        """Let everything due happen, and ring for it."""
        self.catch_up()
        while self._bells:
            self._bells.popleft()()
            self.catch_up()

    def next_event_at(self) -> float | None:
        """When `settle()` next has something to do; None when nothing is under way."""
        with self.lock:
            if self._bells:
                return self.clock.now()
            due = min((timer.due for timer in self.timers if not timer.blocked), default=inf)
            return None if due == inf else due

    def catch_up(self) -> None:
        """Let everything due happen, in the order of time, without ringing."""
        with self.lock:
            while timer := self._first_due():
                self.timers.remove(timer)
                timer.end()

    def ring_later(self, bell: Callable[[], None]) -> None:
        self._bells.append(bell)

    def hang(self, name: str) -> None:
        """From now on that libvirtd answers nobody; its guests run on."""
        self._change(name, hung=True)

    def resume(self, name: str) -> None:
        self._change(name, hung=False)

    def cut(self, name: str) -> None:
        """Its cable is out: migrations from and to it stand still until `heal`."""
        self._change(name, cut=True)

    def heal(self, name: str) -> None:
        self._change(name, cut=False)

    def power_off(self, name: str) -> None:
        """Everything on the node is gone at once."""
        with self.lock:
            self.catch_up()
            self.node(name).lose_power()

    def power_on(self, name: str) -> None:
        """The node is back, empty."""
        self._change(name, powered=True, hung=False)

    def restart_libvirtd(self, name: str) -> None:
        """Guests run on; migrations from and to the node are over."""
        with self.lock:
            self.catch_up()
            self.node(name).break_moves("libvirtd was restarted")

    def kill_process(self, name: str) -> None:
        """Whoever used this node's home is dead: no bell, no listener, no remembered end."""
        with self.lock:
            self.catch_up()
            self.node(name).forget_process()

    def _change(self, name: str, **facts: bool) -> None:
        with self.lock:
            self.catch_up()
            for fact, value in facts.items():
                setattr(self.node(name), fact, value)

    def _first_due(self) -> Timer | None:
        if not self.timers:
            return None
        now = self.clock.now()
        ready = [timer for timer in self.timers if timer.due <= now and not timer.blocked]
        return min(ready, key=lambda timer: timer.due, default=None)
