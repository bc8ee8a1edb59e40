"""kazoo's thread handler with two of its waits bounded.

A connection attempt to a member without power waited for the whole session timeout, which loses the
session while the other members are well. And a request to a member that stands still waited without
end: kazoo wakes its connection thread through a socket pair, whose buffer is full after 278 requests.
"""

from __future__ import annotations

import os
from typing import Any

from kazoo.handlers.threading import SequentialThreadingHandler


class WakeCounter:
    """Both ends of kazoo's wake-up pair: readable once for each send, and never full."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        return self._descriptor

    def send(self, _data: bytes) -> int:
        os.eventfd_write(self._descriptor, 1)
        return 1

    def recv(self, _size: int) -> bytes:
        os.eventfd_read(self._descriptor)
        return b"\0"

    def close(self) -> None:
        # kazoo closes both ends, and a late send must not hit a descriptor that is somebody else's by then.
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class BoundedHandler(SequentialThreadingHandler):  # type: ignore[misc]
    """The handler of a client that must find a living member long before its session ends."""

    def __init__(self, connect_timeout_s: float) -> None:
        super().__init__()
        self._connect_timeout_s = connect_timeout_s

    def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["timeout"] = min(kwargs["timeout"], self._connect_timeout_s)
        return super().create_connection(*args, **kwargs)

    def create_socket_pair(self) -> tuple[WakeCounter, WakeCounter]:
        counter = WakeCounter()
        return counter, counter
