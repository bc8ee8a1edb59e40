"""Who may wait for the storage at once: a silent one keeps a few callers, not all threads of a process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from pvc_core.errors import StorageUnavailable

SLOW_S = 0.5
"""Answered faster than that, a call gives its place to the next one in good time."""


class Places:
    """Of one part of the storage.

    Each caller who waits in vain takes a place away, so that in the end one at a time finds out whether the
    storage answers again; any answer gives them all back.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = Condition()
        self._since: deque[float] = deque()
        self._in_vain = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises StorageUnavailable at once when those who wait have waited for long."""
        since = self._take()
        try:
            yield
        finally:
            with self._changed:
                self._since.remove(since)
                self._changed.notify_all()

    def answered(self) -> None:
        with self._changed:
            self._in_vain = 0
            self._changed.notify_all()

    def in_vain(self) -> None:
        with self._changed:
            self._in_vain += 1

    def _take(self) -> float:
        with self._changed:
            while len(self._since) >= max(1, self._most - self._in_vain):
                waited = time.monotonic() - self._since[0]
                if waited >= SLOW_S:
                    raise StorageUnavailable(
                        f"the storage has not answered for {waited:.0f} s, and {len(self._since)} wait for it"
                    )
                self._changed.wait(SLOW_S - waited)
            self._since.append(time.monotonic())
            return self._since[-1]
