"""Calls that may never return, made so that their callers always do.

The bindings of Ceph have time limits of their own, but not everywhere: closing an image waits for a watch
that nobody answers. Each call has a thread of its own, which may stay behind; not more than a few do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pvc_core.errors import StorageUnavailable

T = TypeVar("T")
MAX_CALLS = 32


@dataclass(eq=False)
class Call:
    """One call under way."""

    what: str
    since: float = field(default_factory=time.monotonic)


class Bounded:
    """While a call hangs, another of that name fails at once."""

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self._lock = threading.Lock()
        self._busy: set[Call] = set()

    def call(self, what: str, ask: Callable[[], T]) -> T:
        """The answer, or what `ask` raised; StorageUnavailable when there is none in time."""
        future: Future[T] = Future()
        call = Call(what)
        with self._lock:
            self._refuse_if_stuck(what)
            self._busy.add(call)
        threading.Thread(target=self._work, args=(call, ask, future), name="storage", daemon=True).start()
        try:
            return future.result(self.patience_s)
        except TimeoutError:
            raise StorageUnavailable(f"the storage has not answered in time: {what}") from None

    def _work(self, call: Call, ask: Callable[[], Any], future: Future[Any]) -> None:
        answer: Any = None
        error: BaseException | None = None
        try:
            answer = ask()
        except BaseException as fault:
            error = fault
        with self._lock:
            self._busy.discard(call)
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)

    def _refuse_if_stuck(self, what: str) -> None:
        now = time.monotonic()
        for call in self._busy:
            if call.what == what and now - call.since > self.patience_s:
                raise StorageUnavailable(f"the storage has not answered for {now - call.since:.0f} s: {what}")
        if len(self._busy) >= MAX_CALLS:
            raise StorageUnavailable(f"{MAX_CALLS} calls to the storage are under way already")
