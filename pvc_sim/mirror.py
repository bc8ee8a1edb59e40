"""The records as they are after every commit, decoded, and what the last commit changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pvc_core.model.job import Job
from pvc_core.model.lock import LockRecord
from pvc_core.model.node import NodeReport, NodeSpec
from pvc_core.model.record import Record
from pvc_core.model.vm import VmSpec
from pvc_core.store.ensemble import MemoryTree
from pvc_core.store.port import Check, Op, Raw


@dataclass(frozen=True)
class Change:
    """One document before and after; None where there was, or is, none."""

    kind: str
    key: str
    before: Any
    after: Any


class Mirror:
    """What the tree holds of nodes, VMs, jobs and locks, by name."""

    def __init__(self, tree: MemoryTree) -> None:
        self._tree = tree
        self.jobs: dict[str, Job] = {}
        self.vms: dict[str, VmSpec] = {}
        self.nodes: dict[str, NodeSpec] = {}
        self.reports: dict[str, NodeReport] = {}
        self.locks: dict[str, LockRecord] = {}
        self._tables: dict[str, tuple[dict[str, Any], type[Record]]] = {
            "job": (self.jobs, Job),
            "vm": (self.vms, VmSpec),
            "node": (self.nodes, NodeSpec),
            "report": (self.reports, NodeReport),
            "lock": (self.locks, LockRecord),
        }

    def update(self, ops: Sequence[Op]) -> list[Change]:
        """Take over what a commit has done."""
        paths = dict.fromkeys(op.path for op in ops if not isinstance(op, Check))
        found = [(path, place) for path in paths if (place := _place(path)) is not None]
        return [self._refresh(path, kind, key) for path, (kind, key) in found]

    def has(self, path: str) -> bool:
        return self._tree.znodes.get(path) is not None

    def names(self, path: str) -> Iterable[str]:
        node = self._tree.znodes.get(path)
        return node.names() if node is not None else ()

    def raw(self, path: str) -> Raw | None:
        node = self._tree.znodes.get(path)
        return None if node is None else node.raw

    def _refresh(self, path: str, kind: str, key: str) -> Change:
        table, model = self._tables[kind]
        before, raw = table.pop(key, None), self.raw(path)
        after = None if raw is None else model.model_validate_json(raw.data)
        if after is not None:
            table[key] = after
        return Change(kind, key, before, after)


def _place(path: str) -> tuple[str, str] | None:
    """What a path holds, and under which name."""
    match path.split("/")[1:]:
        case ["job", key]:
            return "job", key
        case ["vm", key, "spec"]:
            return "vm", key
        case ["node", key, "spec"]:
            return "node", key
        case ["node", key, "report"]:
            return "report", key
        case ["lock", key]:
            return "lock", key
    return None
