"""docs/placement.md lists every code of a refused node or a VM that is left, and every selector."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from source import ROOT

from pvc_core.model.groups import TagRule
from pvc_core.model.metadata import NodeSelector

PAGE = (ROOT / "docs/placement.md").read_text()

WHERE = ("pvc_core/decide/*.py", "pvc_tasks/operations/moving.py")

OTHERS = {"transitions.py"}
"""Its refusals are of states, not of nodes."""

NAMED_BY_CLASSES = {"MIGRATION_FAILED"}
"""Codes of errors that a VM is left with."""


def rows(heading: str) -> dict[str, str]:
    """Of the table below a heading: the rest of each row by its first cell."""
    part = PAGE.partition(heading)[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", part, re.MULTILINE))


def codes() -> Iterator[str]:
    """What is written as the code of a Refusal of a node or a Left, in whatever way."""
    for path in sorted(path for pattern in WHERE for path in ROOT.glob(pattern) if path.name not in OTHERS):
        tree = ast.parse(path.read_text())
        if any(_brings_refusals(node) for node in ast.walk(tree)):
            yield from (node.value for node in ast.walk(tree) if _is_code(node))


def _brings_refusals(node: ast.AST) -> bool:
    names = {node.name} if isinstance(node, ast.ClassDef) else set()
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pvc_core.decide"):
        names = {alias.name for alias in node.names}
    return bool({"Refusal", "Refused", "Left"} & names)


def _is_code(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"([A-Z]+(_[A-Z]+)+|[A-Z]{5,})", node.value) is not None
    )


def test_every_code_is_listed_with_a_remedy_and_none_that_is_not_there() -> None:
    listed = rows("## Why not")
    assert set(listed) == set(codes()) | NAMED_BY_CLASSES
    assert all(len(cells.split(" | ")) == 2 for cells in listed.values())


def test_every_selector_and_rule_is_listed() -> None:
    assert set(rows("## The order")) == set(NodeSelector)
    assert set(rows("## Tags")) == {f"{rule}:NAME" for rule in TagRule}
