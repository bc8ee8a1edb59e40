"""A home that remembers what it has read, for as long as the home below has not noted that it changed.

What is remembered is never older than any answer this process got from the store before it asked: who has
read the present `/placement` is not shown a VM from before it. That holds since ZooKeeper tells a session
of a change before it answers with anything later, and `hear` waits until we have been told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar, cast

from pvc_core.model.record import Record
from pvc_core.store import tree
from pvc_core.store.documents import Ref, Seen, Store
from pvc_core.store.port import Bell, Home, Note, Op, Raw

V = TypeVar("V")
T = TypeVar("T", bound=Record)

REMEMBERED = (tree.NODES, tree.VMS, tree.VM_NAMES, tree.TOKENS, tree.CLUSTER)
"""Read often and changed seldom. Not jobs and locks: they are about what happens now."""

Ask = Callable[[Sequence[str]], list[V | None]]
AskAndNote = Callable[[Sequence[str], Sequence[Note]], list[V | None]]


class Ear:
    """Counts the answers from the store, and hears what they may have outrun, once for all that came."""

    def __init__(self, hear: Callable[[], None]) -> None:
        self._hear = hear
        self._lock = Lock()
        self._answers = self._heard = 0

    def answered(self) -> None:
        with self._lock:
            self._answers += 1

    def catch_up(self) -> None:
        with self._lock:
            answers = self._answers
        if self._heard < answers:
            self._hear()
            with self._lock:
                self._heard = max(self._heard, answers)


class Entry(Generic[V]):
    """A remembered answer. It may be dropped by its watch before the answer has even arrived."""

    def __init__(self) -> None:
        self.valid = True
        self.answer: V | None = None

    def drop(self) -> None:
        self.valid = False


class Memory(Generic[V]):
    """Answers by path; what is not known is asked for with a watch that drops it again."""

    def __init__(self, ask: AskAndNote[V], ear: Ear) -> None:
        self._ask, self._ear = ask, ear
        self._entries: dict[str, Entry[V]] = {}

    def read(self, paths: Iterable[str]) -> dict[str, V | None]:
        self._ear.catch_up()
        found = {path: entry for path in paths if (entry := self._entries.get(path)) and entry.valid}
        missing = {path: Entry[V]() for path in paths if path not in found}
        if missing:
            self._fill(missing)
        return {path: entry.answer for path, entry in {**found, **missing}.items()}

    def _fill(self, missing: dict[str, Entry[V]]) -> None:
        answers = self._ask(list(missing), [entry.drop for entry in missing.values()])
        self._ear.answered()
        for entry, answer in zip(missing.values(), answers, strict=True):
            entry.answer = answer
        self._entries.update(missing)

    def forget(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._entries.pop(path, None)


class RememberingStore(Store):
    """Documents over a CachingHome: what is remembered is decoded once."""

    def __init__(self, home: Home) -> None:
        super().__init__(CachingHome(home, REMEMBERED))
        self._decoded: dict[str, tuple[Raw, Any]] = {}

    def decode(self, ref: Ref[T], raw: Raw) -> Seen[T]:
        known = self._decoded.get(ref.path)
        if known is not None and known[0] is raw:
            return cast(Seen[T], known[1])
        seen = ref.decode(raw)
        if ref.path.startswith(REMEMBERED):
            self._decoded[ref.path] = (raw, seen)
        return seen


class CachingHome:
    """Obeys `Home` over another one; remembers values and children below the given prefixes."""

    def __init__(self, home: Home, prefixes: tuple[str, ...]) -> None:
        self.below, self._prefixes = home, prefixes
        self._ear = Ear(home.hear)
        self._values = Memory(home.note_values, self._ear)
        self._names = Memory(home.note_children, self._ear)

    def read(self, paths: Sequence[str]) -> list[Raw | None]:
        return self._look(paths, self.below.read, self._values)

    def children(self, paths: Sequence[str]) -> list[tuple[str, ...] | None]:
        return self._look(paths, self.below.children, self._names)

    def commit(self, ops: Sequence[Op]) -> None:
        try:
            self.below.commit(ops)
        finally:
            self._ear.answered()
            self._values.forget(op.path for op in ops)
            self._names.forget(op.path.rpartition("/")[0] for op in ops)

    def watch_value(self, path: str, bell: Bell) -> Raw | None:
        return self.below.watch_value(path, bell)

    def watch_children(self, path: str, bell: Bell) -> tuple[str, ...] | None:
        return self.below.watch_children(path, bell)

    def note_values(self, paths: Sequence[str], notes: Sequence[Note]) -> list[Raw | None]:
        return self.below.note_values(paths, notes)

    def note_children(self, paths: Sequence[str], notes: Sequence[Note]) -> list[tuple[str, ...] | None]:
        return self.below.note_children(paths, notes)

    def hear(self) -> None:
        self.below.hear()

    def sync(self) -> None:
        self.below.sync()
        self._ear.answered()

    def session(self) -> int | None:
        return self.below.session()

    def on_session_change(self, bell: Bell) -> None:
        self.below.on_session_change(bell)

    def close(self) -> None:
        self.below.close()

    def _look(self, paths: Sequence[str], ask: Ask[V], memory: Memory[V]) -> list[V | None]:
        others = [path for path in paths if not path.startswith(self._prefixes)]
        found = self._asked(others, ask)
        covered = [path for path in paths if path not in found]
        if covered:
            found |= memory.read(covered)
        return [found[path] for path in paths]

    def _asked(self, paths: Sequence[str], ask: Ask[V]) -> dict[str, V | None]:
        if not paths:
            return {}
        answers = ask(paths)
        self._ear.answered()
        return dict(zip(paths, answers, strict=True))
