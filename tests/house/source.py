"""Our own source, read as syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path for path in ROOT.glob("pvc_*") if path.is_dir())

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions() -> Iterator[tuple[str, int]]:
    """Each function of the product, and its lines without docstring."""
    for path in python_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, Function):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", _length(node)


def file_lengths() -> dict[str, int]:
    return {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files()}


def text_files() -> list[Path]:
    """What a person reads or a machine runs: code, tests, documents, scripts."""
    folders = [*PACKAGES, *(ROOT / name for name in ("tests", "docs", "config", "script", ".ci"))]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.suffix in (".md", ".py", ".toml")]
    return [path for path in found if "__pycache__" not in path.parts and not path.name.endswith(".pyc")]


def _length(node: Function) -> int:
    first = node.body[0]
    skipped = 0
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        skipped = (first.end_lineno or first.lineno) - first.lineno + 1
    return (node.end_lineno or node.lineno) - node.lineno + 1 - skipped
