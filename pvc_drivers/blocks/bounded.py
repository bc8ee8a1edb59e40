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
from pvc_drivers.blocks.places import Places

T = TypeVar("T")
MAX_CALLS = 32


@dataclass(eq=False)
class Call:
    """One call under way."""

    what: str
    since: float = field(default_factory=time.monotonic)


class Bounded:
    """While a call hangs, another of that name fails at once; and while many wait, so do all others.

    One part of the storage leaves at least one of the places to the others.
    """

    def __init__(self, patience_s: float, places: int = 4) -> None:
        self.patience_s = patience_s
        self._lock = threading.Lock()
        self._busy: set[Call] = set()
        self._all, self._part_has = Places(places), max(1, places - 1)
        self._parts: dict[str, Places] = {}

    def call(self, what: str, ask: Callable[[], T], part: str = "") -> T:
        """The answer, or what `ask` raised; StorageUnavailable when there is none in time."""
        places = self._places(part)
        with places.taken(), self._all.taken():
            future = self._begin(what, ask, places.answered)
            try:
                return self._await(what, future)
            except StorageUnavailable:
                places.in_vain()
                raise

    def close(self, what: str, ask: Callable[[], T]) -> T:
        """However many wait: what was opened shall not stay open."""
        return self._await(what, self._begin(what, ask, lambda: None))

    def _places(self, part: str) -> Places:
        with self._lock:
            return self._parts.setdefault(part, Places(self._part_has))

    def _begin(self, what: str, ask: Callable[[], T], answered: Callable[[], None]) -> Future[T]:
        future: Future[T] = Future()
        call = Call(what)
        with self._lock:
            self._refuse_if_stuck(what)
            self._busy.add(call)
        work = (call, ask, future, answered)
        threading.Thread(target=self._work, args=work, name="storage", daemon=True).start()
        return future

    def _await(self, what: str, future: Future[T]) -> T:
        try:
            return future.result(self.patience_s)
        except TimeoutError:
            raise StorageUnavailable(f"the storage has not answered in time: {what}") from None

    def _work(
        self, call: Call, ask: Callable[[], Any], future: Future[Any], answered: Callable[[], None]
    ) -> None:
        """An answer counts also when nobody waits for it any more."""
        answer: Any = None
        error: BaseException | None = None
        try:
            answer = ask()
        except BaseException as fault:
            error = fault
        with self._lock:
            self._busy.discard(call)
        if not isinstance(error, StorageUnavailable):
            answered()
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
