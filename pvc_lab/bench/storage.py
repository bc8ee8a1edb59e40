"""Volumes through the API, beside `rbd` and librbd alone on the same cluster; needs a lab with Ceph."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from typing import Any

from pvc_lab.bench.door import Door, bare_xml, timed
from pvc_lab.bench.figure import Figure
from pvc_lab.ceph import founding, place
from pvc_lab.errors import ProgramFailed
from pvc_lab.layout import Layout

VOLUMES = 1000
SIZE = 16 << 20
LISTED = 1 << 20
"""A lab's pool can promise a thousand of these."""
LISTS = 5
ROUNDS = 15
AT_A_TIME = 8
ONE, EMPTY = "bench-one", "bench-empty"
TIMEOUT_S = 120


def measure(layout: Layout, door: Door) -> Iterator[Figure]:
    """What it makes is gone afterwards."""
    if not layout.ceph:
        raise ProgramFailed("this lab has no Ceph", "Make one that has: pvc-lab up --ceph")
    with _pool(layout) as pool:
        yield _create_and_remove(door, pool, "a volume")
        names = [f"bench-{number}" for number in range(VOLUMES)]
        _each(lambda name: _create(pool, name, LISTED), names)
        try:
            yield _list(layout, door)
            yield _create_and_remove(door, pool, f"one of {VOLUMES} volumes")
        finally:
            _each(lambda name: _remove(pool, name), names)


def _list(layout: Layout, door: Door) -> Figure:
    """Both open each volume; both are told names, sizes and parents."""
    ours, floor = [], []
    for _ in range(LISTS):
        floor.append(timed(lambda: _rbd(layout, "ls", "-l", place.POOL)))
        ours.append(timed(lambda: door.get(f"/storage/ceph/volume?pool={place.POOL}")))
    detail = f"{median(ours):.2f} s beside {median(floor):.2f} s; medians of {LISTS}"
    what = f"list of {VOLUMES} volumes / `rbd ls -l`"
    return Figure(what, median(ours) / median(floor), 1.2, "x", detail)


def _create_and_remove(door: Door, pool: Any, which: str) -> Figure:
    """In turns; a job that finds nothing to do shows what any job takes."""
    door.clear(EMPTY)
    door.define(bare_xml(EMPTY), "hv1")
    ours, floor, empty = [], [], []
    for _ in range(ROUNDS):
        floor.append(timed(lambda: _by_librbd(pool)))
        empty.append(timed(lambda: door.run(f"/vm/{EMPTY}/flush-locks")))
        ours.append(timed(lambda: _by_jobs(door)))
    door.clear(EMPTY)
    own = median(ours) - 2 * median(empty)
    detail = (
        f"{median(ours) * 1000:.0f} ms, of which two jobs without work {2 * median(empty) * 1000:.0f} ms; "
        f"librbd {median(floor) * 1000:.0f} ms; medians of {ROUNDS}"
    )
    what = f"{which} made and removed, less two jobs' own latency / librbd alone"
    return Figure(what, own / median(floor), 1.5, "x", detail)


def _by_librbd(pool: Any) -> None:
    _create(pool, ONE)
    _remove(pool, ONE)


def _by_jobs(door: Door) -> None:
    address = f"/storage/ceph/volume/{place.POOL}/{ONE}"
    door.run(address, {"size": str(SIZE)})
    door.finish(door.delete(address))


def _create(pool: Any, name: str, size: int = SIZE) -> None:
    import rbd

    rbd.RBD().create(pool, name, size)


def _remove(pool: Any, name: str) -> None:
    import rbd

    rbd.RBD().remove(pool, name)


def _each(act: Any, names: list[str]) -> None:
    with ThreadPoolExecutor(AT_A_TIME) as crew:
        list(crew.map(act, names))


@contextmanager
def _pool(layout: Layout) -> Iterator[Any]:
    with founding.admin(layout) as cluster, cluster.open_ioctx(place.POOL) as pool:
        yield pool


def _rbd(layout: Layout, *words: str) -> None:
    conf, keyring = place.conf_file(layout), place.keyring(layout.ceph_home, place.API_USER)
    access = ["-c", str(conf), "--id", place.API_USER, "--keyring", str(keyring)]
    subprocess.run(["rbd", *access, *words], check=True, timeout=TIMEOUT_S, capture_output=True)
