"""What differs between two moments of an RBD image, and making it so elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rbd

from pvc_core.errors import NotFound
from pvc_drivers.blocks.ceph_cluster import translated
from pvc_drivers.blocks.ceph_content import CephContent
from pvc_drivers.blocks.port import Change


class CephPatch:
    """Obeys `Patch`."""

    def __init__(self, image: Any, what: str) -> None:
        self._image, self._what = image, what

    def write(self, offset: int, data: bytes) -> None:
        with translated(self._what):
            self._image.write(data, offset)

    def clear(self, offset: int, length: int) -> None:
        with translated(self._what):
            self._image.write_zeroes(offset, length)


class CephDiffs(CephContent):
    """Obeys `Diffs`."""

    def changed_bytes(self, pool: str, volume: str, since: str, until: str = "") -> int | None:
        def look(image: Any) -> int | None:
            if not image.features() & rbd.RBD_FEATURE_FAST_DIFF:
                return None
            return min(int(image.size()), sum(length for _, length, _ in _changes(image, since, until)))

        with _named(f"{pool}/{volume}", since, until):
            return self.look_at(pool, volume, look)

    def changes(self, pool: str, volume: str, since: str, until: str) -> list[Change]:
        with self.opened(pool, volume) as image, _named(f"{pool}/{volume}", since, until):
            return _changes(image, since, until)

    @contextmanager
    def patching(self, pool: str, volume: str) -> Iterator[CephPatch]:
        with self._held(pool, volume, read_only=False) as image:
            yield CephPatch(image, f"{pool}/{volume}")
            with translated(f"{pool}/{volume}"):
                image.flush()


def _changes(image: Any, since: str, until: str) -> list[Change]:
    """By the object map, where there is one: no data are read."""
    found: list[Change] = []
    _check_there(image, since)
    if until:
        image.set_snap(until)
    size = int(image.size())
    image.diff_iterate(
        0, size, since, lambda at, length, there: found.append((at, length, there)), True, True
    )
    return found


def _check_there(image: Any, since: str) -> None:
    """librbd calls a missing one an invalid argument."""
    if since not in {one["name"] for one in image.list_snaps()}:
        raise rbd.ImageNotFound(f"no snapshot {since}")


@contextmanager
def _named(volume: str, since: str, until: str) -> Iterator[None]:
    try:
        yield
    except rbd.ImageNotFound:
        names = " or ".join(name for name in (since, until) if name)
        raise NotFound(f"{volume} has no snapshot {names}") from None
