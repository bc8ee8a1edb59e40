"""The znodes of the memory home: a plain dictionary with ZooKeeper's rules and an undo list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from pvc_core.store import faults
from pvc_core.store.port import Check, Create, Delete, Op, Put, Raw

Kind = Literal["value", "children"]
Event = tuple[Kind, str]
Undo = Callable[[], None]


class Znode:
    """One node; `raw` is replaced, never changed, so that readers share it."""

    __slots__ = ("children", "listing", "owner", "raw")

    def __init__(self, data: bytes, owner: int | None) -> None:
        self.raw = Raw(data, 0, owner is not None)
        self.owner = owner
        self.children: set[str] = set()
        self.listing: tuple[str, ...] | None = ()

    def names(self) -> tuple[str, ...]:
        if self.listing is None:
            self.listing = tuple(sorted(self.children))
        return self.listing

    def add(self, name: str) -> None:
        self.children.add(name)
        self.listing = None

    def drop(self, name: str) -> None:
        self.children.discard(name)
        self.listing = None


class Znodes:
    """The whole tree; not thread-safe, MemoryTree holds the lock."""

    def __init__(self) -> None:
        self.nodes: dict[str, Znode] = {"/": Znode(b"", None)}

    def get(self, path: str) -> Znode | None:
        return self.nodes.get(path)

    def owned_by(self, session: int) -> list[str]:
        return [path for path, node in self.nodes.items() if node.owner == session]

    def apply(self, ops: Sequence[Op], session: int) -> list[Event]:
        """All or nothing; what happened, in order. Later operations see the effect of earlier ones."""
        events: list[Event] = []
        undo: list[Undo] = []
        try:
            for op in ops:
                self._apply_one(op, session, events, undo)
        except Exception:
            for step in reversed(undo):
                step()
            raise
        return events

    def _apply_one(self, op: Op, session: int, events: list[Event], undo: list[Undo]) -> None:
        if isinstance(op, Create):
            self._create(op, session, events, undo)
        elif isinstance(op, Put):
            self._put(op, events, undo)
        elif isinstance(op, Delete):
            self._delete(op, events, undo)
        else:
            self._at_version(op)

    def _create(self, op: Create, session: int, events: list[Event], undo: list[Undo]) -> None:
        parent_path = split(op.path)[0]
        if op.path in self.nodes:
            raise faults.exists(op)
        parent = self.nodes.get(parent_path)
        if parent is None:
            raise faults.missing(op)
        if parent.owner is not None:
            raise faults.childless_parent(op)
        self._attach(op.path, Znode(op.data, session if op.ephemeral else None))
        undo.append(lambda: self._detach(op.path))
        events += [("value", op.path), ("children", parent_path)]

    def _put(self, op: Put, events: list[Event], undo: list[Undo]) -> None:
        node = self._at_version(op)
        before = node.raw
        node.raw = Raw(op.data, before.version + 1, before.ephemeral)
        undo.append(lambda: setattr(node, "raw", before))
        events.append(("value", op.path))

    def _delete(self, op: Delete, events: list[Event], undo: list[Undo]) -> None:
        node = self._at_version(op)
        if op.path == "/" or node.children:
            raise faults.not_empty(op)
        self._detach(op.path)
        undo.append(lambda: self._attach(op.path, node))
        events += [("value", op.path), ("children", op.path), ("children", split(op.path)[0])]

    def _at_version(self, op: Put | Delete | Check) -> Znode:
        node = self.nodes.get(op.path)
        if node is None:
            raise faults.missing(op)
        if op.version is not None and op.version != node.raw.version:
            raise faults.changed(op)
        return node

    def _attach(self, path: str, node: Znode) -> None:
        parent_path, name = split(path)
        self.nodes[path] = node
        self.nodes[parent_path].add(name)

    def _detach(self, path: str) -> None:
        parent_path, name = split(path)
        del self.nodes[path]
        self.nodes[parent_path].drop(name)


def split(path: str) -> tuple[str, str]:
    """The parent's path and the last name."""
    parent, _, name = path.rpartition("/")
    return parent or "/", name
