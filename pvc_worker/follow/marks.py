"""Who reads which log: seen by one watch on the parent of the readers' marks, whatever their number."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from pvc_core.errors import StoreConflict
from pvc_core.model.log import FollowMark
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store

LOOK_S = 5.0
STALE_S = 30.0
"""A mark that nobody has renewed for so long, by the clock of whoever looks, is removed."""


@dataclass(frozen=True)
class Known:
    seen: Seen[FollowMark]
    since: float
    """When its beat was first seen."""


class Marks:
    def __init__(self, store: Store, poke: Callable[[], None]) -> None:
        self._store, self._poke = store, poke
        self._known: dict[str, Known] = {}
        self._rung = True
        self._next = 0.0

    def followed(self) -> Mapping[str, str]:
        """The token of each log that is being read; costs nothing while nobody reads any."""
        if self._rung:
            self._look(self._watched())
        elif self._known and time.monotonic() >= self._next:
            self._look(tuple(self._known))
        return {key: known.seen.value.token for key, known in self._known.items()}

    def _watched(self) -> tuple[str, ...]:
        self._rung = False
        try:
            return self._store.home.watch_children(tree.FOLLOWED, self._ring) or ()
        except Exception:
            self._rung = True
            raise

    def _ring(self) -> None:
        self._rung = True
        self._poke()

    def _look(self, keys: tuple[str, ...]) -> None:
        now = time.monotonic()
        self._next = now + LOOK_S
        seen = self._store.find_many([tree.follow_mark(key) for key in keys])
        marks = {key: mark for key, mark in zip(keys, seen, strict=True) if mark is not None}
        self._known = {key: self._dated(key, mark, now) for key, mark in marks.items()}
        for key, known in list(self._known.items()):
            if now - known.since > STALE_S:
                self._remove(key, known)

    def _dated(self, key: str, mark: Seen[FollowMark], now: float) -> Known:
        known = self._known.get(key)
        return Known(mark, known.since if known and known.seen.version == mark.version else now)

    def _remove(self, key: str, known: Known) -> None:
        """Any node may; a conflict means that it was renewed after all, or is gone."""
        del self._known[key]
        with suppress(StoreConflict):
            self._store.commit(known.seen.delete())
