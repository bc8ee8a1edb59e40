"""One lane: a thread that works off tasks over a connection of its own."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, Generic, TypeVar

import libvirt

from pvc_drivers.hypervisor.libvirt_errors import translated
from pvc_drivers.hypervisor.libvirt_open import open_connection

T = TypeVar("T")


class Task(Generic[T]):
    """One question to libvirtd, and where its answer goes."""

    def __init__(self, what: str, ask: Callable[[libvirt.virConnect], T], patience_s: float) -> None:
        self.what, self.ask, self.patience_s = what, ask, patience_s
        self.future: Future[T] = Future()
        self.since = time.monotonic()


class Lane:
    """`done` is called when a task is over, before its future is set: the next call finds the lane free."""

    def __init__(self, uri: str, keepalive_s: float, done: Callable[[Lane], None]) -> None:
        self._uri, self._keepalive_s, self._done = uri, keepalive_s, done
        self._tasks: queue.SimpleQueue[Task[Any] | None] = queue.SimpleQueue()
        self._connection: libvirt.virConnect | None = None
        self.connecting = False
        threading.Thread(target=self._work, name="libvirt-lane", daemon=True).start()

    def run(self, task: Task[Any]) -> None:
        self._tasks.put(task)

    def end(self) -> None:
        """The thread closes its connection and goes."""
        self._tasks.put(None)

    def _work(self) -> None:
        while task := self._tasks.get():
            self._answer(task)
        self._disconnect()

    def _answer(self, task: Task[Any]) -> None:
        answer: Any = None
        error: BaseException | None = None
        try:
            connection = self._connected()
            if task.future.set_running_or_notify_cancel():
                answer = task.ask(connection)
        except libvirt.libvirtError as fault:
            error = translated(fault, self._connection)
        except BaseException as fault:
            error = fault
        self._done(self)
        _settle(task.future, answer, error)

    def _connected(self) -> libvirt.virConnect:
        if self._connection is None or not self._connection.isAlive():
            self._connection = None
            self.connecting = True
            try:
                self._connection = open_connection(self._uri, self._keepalive_s)
            finally:
                self.connecting = False
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(libvirt.libvirtError):
                connection.close()


def _settle(future: Future[Any], answer: Any, error: BaseException | None) -> None:
    """A caller that gave up while we connected has cancelled it."""
    with contextlib.suppress(InvalidStateError):
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)
