"""Many random runs, on all processors."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pvc_sim.chance import Size, make_scenario
from pvc_sim.rehearsal import Rehearsal

CHUNK = 10


@dataclass(frozen=True)
class Finding:
    """A seed and the invariant it broke; None for none."""

    seed: int
    breach: str | None


def run_seed(size: Size, seed: int) -> Finding:
    breach = Rehearsal(make_scenario(seed, size)).run().breach
    return Finding(seed, None if breach is None else str(breach))


def run_seeds(seeds: range, size: Size, processes: int = 0) -> Iterator[Finding]:
    """In any order."""
    count = processes or len(os.sched_getaffinity(0))
    if count == 1 or len(seeds) < CHUNK:
        yield from map(partial(run_seed, size), seeds)
        return
    # Forked while this process has one thread; each then stays on its own processor, where threads that
    # take turns take them faster.
    context = multiprocessing.get_context("fork")
    numbers = context.SimpleQueue()
    for number in range(count):
        numbers.put(number)
    with context.Pool(count, _settle_down, (numbers,)) as pool:
        yield from pool.imap_unordered(partial(run_seed, size), seeds, CHUNK)


def _settle_down(numbers: multiprocessing.SimpleQueue[int]) -> None:
    mine = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {mine[numbers.get() % len(mine)]})
