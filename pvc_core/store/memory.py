"""A home in memory that obeys the same contract as ZooKeeper; for tests and the simulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pvc_core.store import faults
from pvc_core.store.ensemble import MemoryTree, Watcher
from pvc_core.store.limits import check_commit, check_path, check_paths
from pvc_core.store.port import Bell, Note, Op, Raw

__all__ = ["MemoryHome", "MemoryTree"]


class MemoryHome:
    """One session on a MemoryTree; obeys `Home`, and has the session's faults on switches."""

    def __init__(self, tree: MemoryTree) -> None:
        self.tree = tree
        self._link = tree.attach()
        self._answer_lost = False

    def read(self, paths: Sequence[str]) -> list[Raw | None]:
        check_paths(paths)
        with self.tree.lock:
            self.tree.reach(self._link)
            nodes = self.tree.znodes.nodes
            return [node.raw if (node := nodes.get(path)) else None for path in paths]

    def children(self, paths: Sequence[str]) -> list[tuple[str, ...] | None]:
        check_paths(paths)
        with self.tree.lock:
            self.tree.reach(self._link)
            nodes = self.tree.znodes.nodes
            return [node.names() if (node := nodes.get(path)) else None for path in paths]

    def commit(self, ops: Sequence[Op]) -> None:
        check_commit(ops)
        self.tree.commit(self._link, ops)
        lost, self._answer_lost = self._answer_lost, False
        if lost:
            raise faults.unknown_arrival("the answer was lost")

    def watch_value(self, path: str, bell: Bell) -> Raw | None:
        return self._watch_value(path, Watcher(self._link, bell))

    def watch_children(self, path: str, bell: Bell) -> tuple[str, ...] | None:
        return self._watch_children(path, Watcher(self._link, bell))

    def note_values(self, paths: Sequence[str], notes: Sequence[Note]) -> list[Raw | None]:
        return [self._watch_value(path, watcher) for path, watcher in self._at_once(paths, notes)]

    def note_children(self, paths: Sequence[str], notes: Sequence[Note]) -> list[tuple[str, ...] | None]:
        return [self._watch_children(path, watcher) for path, watcher in self._at_once(paths, notes)]

    def hear(self) -> None:
        """Notes are taken within the change itself."""

    def _at_once(self, paths: Sequence[str], notes: Sequence[Note]) -> Iterator[tuple[str, Watcher]]:
        for path, note in zip(paths, notes, strict=True):
            yield path, Watcher(self._link, note, at_once=True)

    def _watch_value(self, path: str, watcher: Watcher) -> Raw | None:
        check_path(path)
        with self.tree.lock:
            self.tree.reach(self._link)
            self.tree.watch(("value", path), watcher)
            node = self.tree.znodes.get(path)
            return node.raw if node else None

    def _watch_children(self, path: str, watcher: Watcher) -> tuple[str, ...] | None:
        check_path(path)
        with self.tree.lock:
            self.tree.reach(self._link)
            node = self.tree.znodes.get(path)
            self.tree.watch(("children" if node else "value", path), watcher)
            return node.names() if node else None

    def sync(self) -> None:
        """There is one tree, and no lag."""
        with self.tree.lock:
            self.tree.reach(self._link)

    def session(self) -> int | None:
        return self.tree.session(self._link)

    def number(self) -> int | None:
        """The session as the ensemble has it, connected or not."""
        return self._link.session

    def on_session_change(self, bell: Bell) -> None:
        self._link.bells.append(bell)

    def close(self) -> None:
        self.tree.detach(self._link)

    def expire(self) -> None:
        """The ensemble ends the session; `reconnect` opens a new one."""
        if self._link.session is not None:
            self.tree.expire(self._link.session)

    def disconnect(self) -> None:
        """The connection is interrupted; the session lives on unless it is expired meanwhile."""
        self.tree.disconnect(self._link)

    def reconnect(self) -> None:
        """The connection is back, with the old session if it still lives."""
        self.tree.reconnect(self._link)

    def lose_answer(self) -> None:
        """The next commit is applied, and its caller told that nobody knows."""
        self._answer_lost = True
