"""Which ZooKeeper session this process has: what gives it the right to what it has begun."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from pvc_core.store.port import Home


class Session:
    """`lost` is called once a session has been followed by another."""

    def __init__(self, home: Home, patience_s: float, lost: Callable[[], None]) -> None:
        self._home, self._patience_s, self._lost = home, patience_s, lost
        self._guard = Lock()
        self._number: int | None = None
        self._without_since: float | None = None

    def start(self) -> None:
        self._home.on_session_change(self._heed)
        self._heed()

    def may_be_over(self) -> bool:
        """Whether ZooKeeper has been out of reach for so long that it may have ended the session."""
        since = self._without_since
        return since is not None and time.monotonic() - since >= self._patience_s

    def _heed(self) -> None:
        with self._guard:
            number, before = self._home.session(), self._number
            if number is None:
                self._without_since = self._without_since or time.monotonic()
                return
            self._number, self._without_since = number, None
        if before not in (None, number):
            self._lost()
