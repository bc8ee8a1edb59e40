"""Waiting for a document to become what is asked for: one watch on it, however many wait, however long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from threading import Condition, Lock
from typing import TypeVar

from pvc_core.model.record import Record
from pvc_core.store.documents import Ref, Seen, Store

T = TypeVar("T", bound=Record)


class Changes:
    """Of one document. A watch is hung again only once it has rung: an idle document gathers none."""

    def __init__(self) -> None:
        self._changed = Condition()
        self.watched = False
        self.count = self.waiting = 0

    def look(self, store: Store, ref: Ref[T]) -> Seen[T] | None:
        with self._changed:
            first, self.watched = not self.watched, True
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
        self.watched = False
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()


class Awaiting:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = Lock()
        self._changes: dict[str, Changes] = {}

    def find(self, ref: Ref[T], good: Callable[[T], bool], wait_s: float) -> Seen[T] | None:
        """The document once it is good, or as it is when the time is over."""
        found = None
        for found in self.looks(ref, wait_s):
            if found is not None and good(found.value):
                break
        return found

    def looks(self, ref: Ref[T], wait_s: float, every_s: float = inf) -> Iterator[Seen[T] | None]:
        """The document at once, then whenever it may have changed and every so often, until the time is over.

        Who is content with the first look hangs no watch.
        """
        deadline = time.monotonic() + wait_s
        yield self._store.find(ref)
        if wait_s <= 0:
            return
        with self._watching(ref.path) as changes:
            while (left := deadline - time.monotonic()) > 0:
                count = changes.count
                yield changes.look(self._store, ref)
                changes.wait(count, min(left, every_s))
        yield self._store.find(ref)

    @contextmanager
    def _watching(self, path: str) -> Iterator[Changes]:
        """Forgotten once nobody waits and no watch is left: of what has ended nothing is kept."""
        with self._guard:
            changes = self._changes.setdefault(path, Changes())
            changes.waiting += 1
        try:
            yield changes
        finally:
            with self._guard:
                changes.waiting -= 1
                for idle in [name for name, one in self._changes.items() if not (one.waiting or one.watched)]:
                    del self._changes[idle]
