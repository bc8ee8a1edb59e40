"""A home that remembers what it has read, for as long as the home below has not rung that it changed.

For processes that look, such as the API; what decides (the worker) reads the store itself. What is
remembered may lag behind other sessions' writes, as any read may, by the moment a watch takes to ring.
Commits are compared with versions all the same, and what they touch, or everything if they conflict, is
read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from pvc_core.errors import StoreConflict
from pvc_core.model.record import Record
from pvc_core.store import tree
from pvc_core.store.documents import Ref, Seen, Store
from pvc_core.store.port import Bell, Home, Op, Raw

V = TypeVar("V")
T = TypeVar("T", bound=Record)

REMEMBERED = (tree.NODES, tree.VMS, tree.VM_NAMES, tree.TOKENS, tree.CLUSTER)
"""Read often and changed seldom. Not jobs and locks: they are about what happens now."""


class Entry(Generic[V]):
    """A remembered answer. It may be dropped by its watch before the answer has even arrived."""

    def __init__(self) -> None:
        self.valid = True
        self.answer: V | None = None

    def drop(self) -> None:
        self.valid = False


class Memory(Generic[V]):
    """Answers by path; what is not known is asked for with a watch that drops it again."""

    def __init__(self, ask: Callable[[Sequence[str], Sequence[Bell]], list[V | None]]) -> None:
        self._ask = ask
        self._entries: dict[str, Entry[V]] = {}

    def read(self, paths: Iterable[str]) -> dict[str, V | None]:
        found = {path: entry for path in paths if (entry := self._entries.get(path)) and entry.valid}
        missing = {path: Entry[V]() for path in paths if path not in found}
        answers = self._ask(list(missing), [entry.drop for entry in missing.values()]) if missing else []
        for entry, answer in zip(missing.values(), answers, strict=True):
            entry.answer = answer
        self._entries.update(missing)
        return {path: entry.answer for path, entry in {**found, **missing}.items()}

    def forget(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._entries.pop(path, None)

    def forget_all(self) -> None:
        self._entries = {}


class RememberingStore(Store):
    """Documents over a CachingHome: what is remembered is decoded once. For looking, not for deciding."""

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
        self._home, self._prefixes = home, prefixes
        self._values = Memory(home.watch_values)
        self._names = Memory(self._ask_names)

    def read(self, paths: Sequence[str]) -> list[Raw | None]:
        known = self._values.read([path for path in paths if self._covers(path)])
        others = [path for path in paths if path not in known]
        fresh = dict(zip(others, self._home.read(others), strict=True)) if others else {}
        return [known[path] if path in known else fresh[path] for path in paths]

    def children(self, paths: Sequence[str]) -> list[tuple[str, ...] | None]:
        known = self._names.read([path for path in paths if self._covers(path)])
        others = [path for path in paths if path not in known]
        fresh = dict(zip(others, self._home.children(others), strict=True)) if others else {}
        return [known[path] if path in known else fresh[path] for path in paths]

    def commit(self, ops: Sequence[Op]) -> None:
        try:
            self._home.commit(ops)
        except StoreConflict:
            self._values.forget_all()
            self._names.forget_all()
            raise
        finally:
            self._values.forget(op.path for op in ops)
            self._names.forget(op.path.rpartition("/")[0] for op in ops)

    def watch_value(self, path: str, bell: Bell) -> Raw | None:
        return self._home.watch_value(path, bell)

    def watch_values(self, paths: Sequence[str], bells: Sequence[Bell]) -> list[Raw | None]:
        return self._home.watch_values(paths, bells)

    def watch_children(self, path: str, bell: Bell) -> tuple[str, ...] | None:
        return self._home.watch_children(path, bell)

    def sync(self) -> None:
        """Everything is read again: its watch may have rung, and not been heard yet."""
        self._home.sync()
        self._values.forget_all()
        self._names.forget_all()

    def session(self) -> int | None:
        return self._home.session()

    def on_session_change(self, bell: Bell) -> None:
        self._home.on_session_change(bell)

    def close(self) -> None:
        self._home.close()

    def _covers(self, path: str) -> bool:
        return path.startswith(self._prefixes)

    def _ask_names(self, paths: Sequence[str], bells: Sequence[Bell]) -> list[tuple[str, ...] | None]:
        return [self._home.watch_children(path, bell) for path, bell in zip(paths, bells, strict=True)]
