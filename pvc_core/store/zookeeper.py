"""The home of the state tree in ZooKeeper.

Every call answers within about five seconds: reads wait a moment for a connection that is being
restored, commits do not, since what they would write later was decided on what was read before.
Reads may lag behind other sessions' writes, never behind this one's; the versions of a commit decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from kazoo.protocol.states import Callback

from pvc_core.config import ZookeeperSection
from pvc_core.store import faults
from pvc_core.store.limits import check_commit, check_path, check_paths
from pvc_core.store.port import Bell, Note, Op, Raw
from pvc_core.store.ringer import Ringer
from pvc_core.store.zookeeper_commit import full, send, settle
from pvc_core.store.zookeeper_link import ANSWER_PATIENCE_S, ZookeeperLink, gather


@dataclass(frozen=True)
class Watch:
    """What kazoo calls when a watch fires or the connection is lost; equal ones are registered once."""

    bell: Bell
    ringer: Ringer

    def __call__(self, _event: object) -> None:
        self.ringer.ring(self.bell)


@dataclass(frozen=True)
class NoteWatch:
    """As `Watch`, in kazoo's own thread."""

    note: Note

    def __call__(self, _event: object) -> None:
        self.note()


class ZookeeperHome:
    """One session with the ensemble, connected on first use; obeys `Home`.

    Bells ring in a thread of their own, where they may use the home. One home per process: opened after
    a fork, not before.
    """

    def __init__(self, config: ZookeeperSection, password: str, root: str = "/pvc") -> None:
        check_path(root)
        self._root = root
        self._ringer = Ringer()
        self._session_bells: list[Bell] = []
        self._link = ZookeeperLink(config, password, root, self._ring_session_bells)

    def read(self, paths: Sequence[str]) -> list[Raw | None]:
        check_paths(paths)
        answers = self._link.ask(lambda client: (client.get_async(self._full(path)) for path in paths))
        return [_raw(answer) for answer in answers]

    def children(self, paths: Sequence[str]) -> list[tuple[str, ...] | None]:
        check_paths(paths)
        answers = self._link.ask(lambda client: (client.get_children_async(self._full(p)) for p in paths))
        return [_names(answer) for answer in answers]

    def commit(self, ops: Sequence[Op]) -> None:
        check_commit(ops)
        client = self._link.client(wait=False)
        if ops:
            settle(send(client, self._root, ops), ops, ANSWER_PATIENCE_S)

    def watch_value(self, path: str, bell: Bell) -> Raw | None:
        return self._watch_values([path], [Watch(bell, self._ringer)])[0]

    def watch_children(self, path: str, bell: Bell) -> tuple[str, ...] | None:
        return self._watch_children(path, Watch(bell, self._ringer))

    def note_values(self, paths: Sequence[str], notes: Sequence[Note]) -> list[Raw | None]:
        return self._watch_values(paths, [NoteWatch(note) for note in notes])

    def note_children(self, paths: Sequence[str], notes: Sequence[Note]) -> list[tuple[str, ...] | None]:
        return [self._watch_children(path, NoteWatch(note)) for path, note in zip(paths, notes, strict=True)]

    def hear(self) -> None:
        """A watch reaches kazoo before any answer that shows what it rang for, or something later, and
        kazoo calls in that order: what is called after it has been called after it."""
        heard = Event()
        self._link.client().handler.dispatch_callback(Callback("watch", heard.set, ()))
        if not heard.wait(ANSWER_PATIENCE_S):
            raise faults.unavailable("ZooKeeper's client does not call back")

    def _watch_values(self, paths: Sequence[str], watches: Sequence[Watch | NoteWatch]) -> list[Raw | None]:
        check_paths(paths)

        def ask(client: Any) -> Iterator[Any]:
            for path, watch in zip(paths, watches, strict=True):
                # `exists` hangs its watch whether there is a node or not; the order of both is kept.
                yield client.exists_async(self._full(path), watch=watch)
                yield client.get_async(self._full(path))

        return [_raw(answer) for answer in self._link.ask(ask)[1::2]]

    def _watch_children(self, path: str, watch: Watch | NoteWatch) -> tuple[str, ...] | None:
        check_path(path)
        where = self._full(path)
        while True:
            [answer] = self._link.ask(lambda client: [client.get_children_async(where, watch=watch)])
            if answer is not None:
                return _names(answer)
            # No node, no watch: wait for it to appear, unless it just did.
            [stat] = self._link.ask(lambda client: [client.exists_async(where, watch=watch)])
            if stat is None:
                return None

    def sync(self) -> None:
        gather([self._link.client().sync_async(self._root)])

    def session(self) -> int | None:
        return self._link.session()

    def on_session_change(self, bell: Bell) -> None:
        self._session_bells.append(bell)

    def close(self) -> None:
        self._link.close()
        self._ringer.stop()

    def _full(self, path: str) -> str:
        return full(self._root, path)

    def _ring_session_bells(self) -> None:
        for bell in list(self._session_bells):
            self._ringer.ring(bell)


def _raw(answer: Any) -> Raw | None:
    if answer is None:
        return None
    data, stat = answer
    return Raw(data, stat.version, stat.ephemeralOwner != 0)


def _names(answer: Any) -> tuple[str, ...] | None:
    return None if answer is None else tuple(sorted(answer))
