"""Lanes: threads with a connection each, so that no caller waits for libvirt longer than it wants to.

Why a lane for every call under way:
- virConnectOpen and calls about a QEMU that hangs have no time limit of their own;
- two threads that share a connection lose wake-ups in libvirt 9, and a call of one millisecond then
  takes a keepalive interval (2 s, measured);
- libvirtd works on at most five calls per connection, so long ones (migrations) must not share.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from math import inf
from typing import Any, TypeVar

import libvirt

from pvc_core.errors import HypervisorUnavailable
from pvc_drivers.hypervisor.libvirt_lane import Lane, Task
from pvc_drivers.hypervisor.libvirt_open import KEEPALIVE_SLACK_S

T = TypeVar("T")
MAX_LANES = 96
MAX_IDLE = 4
OPEN_AGAIN_S = 20.0
"""How long a hanging attempt to connect speaks for all others."""


class Lanes:
    """The lanes to one libvirtd."""

    def __init__(self, uri: str, keepalive_s: float, max_idle: int = MAX_IDLE) -> None:
        self._uri, self._keepalive_s, self._max_idle = uri, keepalive_s, max_idle
        self.patience_s = keepalive_s + KEEPALIVE_SLACK_S
        self._lock = threading.Lock()
        self._idle: list[Lane] = []
        self._busy: dict[Lane, Task[Any]] = {}
        self._closed = False

    def call(self, what: str, ask: Callable[[libvirt.virConnect], T], more_s: float = 0.0) -> T:
        """The answer; raises HypervisorUnavailable when there is none in time.

        `more_s` is for what libvirtd may take long to do, once it was reached.
        """
        future = self.start(what, ask, self.patience_s + more_s)
        for wait_s in (self.patience_s, more_s):
            with contextlib.suppress(TimeoutError):
                return future.result(wait_s)
            # Still connecting: nothing was asked, and nothing will be when libvirtd wakes up one day.
            if future.cancel():
                break
        raise HypervisorUnavailable(f"libvirtd has not answered in time: {what}")

    def start(self, what: str, ask: Callable[[libvirt.virConnect], T], patience_s: float = inf) -> Future[T]:
        """Ask without waiting; the future ends with the answer or with a PvcError.

        `what` names the call: while one of that name hangs, further ones fail at once.
        """
        task = Task(what, ask, patience_s)
        with self._lock:
            self._refuse_if_stuck(what)
            lane = self._idle.pop() if self._idle else Lane(self._uri, self._keepalive_s, self._done)
            self._busy[lane] = task
        lane.run(task)
        return task.future

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for lane in idle:
            lane.end()

    def _done(self, lane: Lane) -> None:
        """The lane is free, possibly long after its caller has given up."""
        with self._lock:
            self._busy.pop(lane, None)
            keep = not self._closed and len(self._idle) < self._max_idle
            if keep:
                self._idle.append(lane)
        if not keep:
            lane.end()

    def _refuse_if_stuck(self, what: str) -> None:
        now = time.monotonic()
        for lane, task in self._busy.items():
            waited = now - task.since
            connecting = lane.connecting and self.patience_s < waited < OPEN_AGAIN_S
            if connecting or (task.what == what and waited > task.patience_s):
                raise HypervisorUnavailable(f"libvirtd has not answered for {waited:.0f} s: {task.what}")
        if len(self._busy) >= MAX_LANES:
            raise HypervisorUnavailable(f"{MAX_LANES} calls to libvirtd are under way already")
