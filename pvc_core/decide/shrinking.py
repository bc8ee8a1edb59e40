"""The steps in which a volume is made smaller, so that it can be told how far it is, and be stopped."""

from __future__ import annotations

from collections.abc import Iterator

STEPS = 50
LEAST = 1 << 30
"""Not less than so much in one step; a multiple of the objects that volumes consist of."""


def plan_shrink(size: int, to: int) -> Iterator[int]:
    """The sizes on the way, the last of them `to`."""
    step = max(LEAST, (size - to) // STEPS // LEAST * LEAST)
    yield from range(size - step, to, -step)
    yield to
