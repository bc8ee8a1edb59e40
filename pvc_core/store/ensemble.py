"""The memory home's side of the wire: znodes, sessions, watches, and the faults on switches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import RLock

from pvc_core.store import faults
from pvc_core.store.port import Bell, Delete, Op
from pvc_core.store.znodes import Event, Znodes


@dataclass(eq=False)
class Link:
    """One client as the ensemble knows it."""

    connected: bool = True
    closed: bool = False
    session: int | None = None
    bells: list[Bell] = field(default_factory=list)
    """Rung when the session may have changed."""


@dataclass(frozen=True)
class Watcher:
    """Whom to tell, once; `at_once` within the change itself, else when the lock is given back."""

    link: Link
    bell: Bell
    at_once: bool = False


class MemoryTree:
    """The ensemble, shared by any number of homes. Bells ring in the thread that caused them, after the
    lock is given back; notes are taken before."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.znodes = Znodes()
        self._quorum = True
        self._links: list[Link] = []
        self._last_session = 0
        # A dict for each event is an ordered set: bells ring in the order they were hung.
        self._watches: dict[Event, dict[Watcher, None]] = {}

    def down(self) -> None:
        """The quorum is lost: nobody has a session to rely on, none of them ends."""
        with self.lock:
            self._quorum = False
            bells = [bell for link in self._links for bell in self._cut(link)]
        _ring(bells)

    def up(self) -> None:
        """The quorum is back, and so are the sessions."""
        with self.lock:
            self._quorum = True
            bells = [bell for link in self._links if link.connected for bell in self._resume(link)]
        _ring(bells)

    def expire(self, session: int) -> None:
        """End a session: its ephemerals go, and its home has none until it reconnects."""
        with self.lock:
            bells: list[Bell] = []
            for link in [link for link in self._links if link.session == session]:
                link.session, link.connected = None, False
                bells += self._cut(link)
            gone = [Delete(path) for path in self.znodes.owned_by(session)]
            bells += self._heard(self.znodes.apply(gone, session))
        _ring(bells)

    def attach(self) -> Link:
        with self.lock:
            link = Link()
            self._links.append(link)
            self._resume(link)
            return link

    def detach(self, link: Link) -> None:
        with self.lock:
            link.closed, session = True, link.session
        if session is not None:
            self.expire(session)
        with self.lock:
            self._links = [other for other in self._links if other is not link]

    def disconnect(self, link: Link) -> None:
        with self.lock:
            was, link.connected = link.connected, False
            bells = self._cut(link) if was else []
        _ring(bells)

    def reconnect(self, link: Link) -> None:
        with self.lock:
            link.connected = not link.closed
            bells = self._resume(link)
        _ring(bells)

    def session(self, link: Link) -> int | None:
        """The link's session, if it can be relied on now."""
        return link.session if link.connected and self._quorum else None

    def reach(self, link: Link) -> int:
        """The same, or StoreUnavailable."""
        session = self.session(link)
        if session is None:
            raise faults.unavailable("the session was closed" if link.closed else "not connected")
        return session

    def commit(self, link: Link, ops: Sequence[Op]) -> None:
        with self.lock:
            bells = self._heard(self.znodes.apply(ops, self.reach(link)))
        _ring(bells)

    def watch(self, event: Event, watcher: Watcher) -> None:
        self._watches.setdefault(event, {})[watcher] = None

    def _resume(self, link: Link) -> list[Bell]:
        """Open a session where one is due; the bells of a link that has one."""
        if not (link.connected and self._quorum):
            return []
        if link.session is None:
            self._last_session += 1
            link.session = self._last_session
        return list(link.bells)

    def _cut(self, link: Link) -> list[Bell]:
        """A connection is lost: its watches go, and they ring for it."""
        cut: list[Watcher] = []
        for event, watchers in list(self._watches.items()):
            for watcher in [watcher for watcher in watchers if watcher.link is link]:
                del watchers[watcher]
                cut.append(watcher)
            if not watchers:
                del self._watches[event]
        return _take_note(cut) + link.bells

    def _heard(self, events: Iterable[Event]) -> list[Bell]:
        return _take_note(watcher for event in events for watcher in self._watches.pop(event, ()))


def _take_note(watchers: Iterable[Watcher]) -> list[Bell]:
    """Tell those who want to know at once; the bells of the others."""
    later = []
    for watcher in watchers:
        if watcher.at_once:
            watcher.bell()
        else:
            later.append(watcher.bell)
    return later


def _ring(bells: Iterable[Bell]) -> None:
    for bell in bells:
        bell()
