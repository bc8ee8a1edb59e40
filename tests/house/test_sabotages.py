"""A sabotage whose line has been rewritten is told at once, not after minutes of random runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from loading import load


def test_every_sabotaged_line_stands_just_once() -> None:
    sabotages = load("scenario/sabotages.py").SABOTAGES
    assert [each.name for each in sabotages if not stands(each.module, each.line)] == []


def stands(module: str, line: str) -> bool:
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.origin is not None and Path(spec.origin).read_text().count(line) == 1
