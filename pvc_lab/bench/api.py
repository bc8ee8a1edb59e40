"""The API with 208 defined VMs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from statistics import median

from pvc_lab.bench.door import Door, bare_xml, median_of, timed
from pvc_lab.bench.figure import Figure
from pvc_lab.layout import Layout

VMS = 208
HERE = 82
"""Of them on hv1."""
SAMPLES = 25


def measure(layout: Layout, door: Door) -> Iterator[Figure]:
    names = (f"many{number}" for number in count())
    door.clear("many")
    while len(door.vms()) < VMS:
        for _ in range(VMS - len(door.vms())):
            name = next(names)
            door.define(bare_xml(name), "hv1" if int(name[4:]) < HERE else "hv2")
    yield _figure("list", 40, median_of(SAMPLES, door.vms))
    yield _figure("one VM", 6, median_of(SAMPLES, lambda: door.get("/vm/many7")))
    define = [timed(lambda: door.define(bare_xml(next(names)), "hv2")) for _ in range(SAMPLES)]
    yield _figure("define", 20, median(define))
    yield from _tasks(door)


def _tasks(door: Door) -> Iterator[Figure]:
    """One at a time, on an idle cluster: the submit, and from the record's creation to its first step."""
    submits, waits = [], []
    for number in range(SAMPLES):
        begun = time.perf_counter()
        job = door.post(f"/vm/many{number}/start")
        submits.append(time.perf_counter() - begun)
        job = door.finish(job)
        waits.append(job["started"] - job["created"])
        door.run(f"/vm/many{number}/stop")
    yield _figure("submit of a task", 15, median(submits))
    detail = f"{SAMPLES} tasks"
    yield Figure("submit to running on the worker, p50", median(waits) * 1000, 60, "ms", detail)


def _figure(what: str, bound: float, seconds: float) -> Figure:
    return Figure(f"API with {VMS} VMs: {what}, p50", seconds * 1000, bound, "ms", f"{SAMPLES} requests")
