"""Waiting for a document to become what is asked for: one watch on it, however many wait, however long."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition
from typing import TypeVar

from pvc_core.model.record import Record
from pvc_core.store.documents import Ref, Seen, Store

T = TypeVar("T", bound=Record)


class Changes:
    """Of one document. A watch is hung again only once it has rung: an idle document gathers none."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._watched = False
        self.count = 0

    def look(self, store: Store, ref: Ref[T]) -> Seen[T] | None:
        with self._changed:
            first, self._watched = not self._watched, True
        if not first:
            return store.find(ref)
        try:
            seen = store.watch(ref, self._rung)
        except Exception:
            self._rung()
            raise
        # Others may have looked before the watch hung.
        self._tell()
        return seen

    def wait(self, count: int, wait_s: float) -> bool:
        """Whether there may have been a change since the count was that."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count != count, wait_s)

    def _rung(self) -> None:
        self._watched = False
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()


class Awaiting:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._changes: dict[str, Changes] = {}

    def find(self, ref: Ref[T], good: Callable[[T], bool], wait_s: float) -> Seen[T] | None:
        """The document once it is good, or as it is when the time is over."""
        deadline = time.monotonic() + wait_s
        changes = self._changes.setdefault(ref.path, Changes())
        while True:
            count = changes.count
            seen = changes.look(self._store, ref)
            left = deadline - time.monotonic()
            if (seen is not None and good(seen.value)) or left <= 0:
                return seen
            changes.wait(count, left)
