"""Several pieces of work at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def together(work: Iterable[Callable[[], None]]) -> None:
    """Do all of it at the same time; the first failure is raised when all have ended."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        running = [pool.submit(piece) for piece in work]
    for piece in running:
        piece.result()
