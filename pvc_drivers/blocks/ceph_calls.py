"""What every part of Ceph's home builds on: bounded calls on one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from pvc_drivers.blocks import ceph_images
from pvc_drivers.blocks.bounded import Bounded
from pvc_drivers.blocks.ceph_cluster import Access, CephCluster

T = TypeVar("T")
# What the library's own limits may take longer.
SLACK_S = 3.0
AT_ONCE = 200
"""Images looked at within one time limit."""


class CephCalls:
    def __init__(self, access: Access) -> None:
        self.access = access
        self.cluster = CephCluster(access)
        self._bounded = Bounded(access.timeout_s + SLACK_S, access.callers)
        self.patience_s = self._bounded.patience_s

    def call(self, what: str, ask: Callable[[], T], pool: str = "") -> T:
        """Raises StorageUnavailable when there is no answer in time; the call may still have its effect.

        Without a pool it is a call to the monitors.
        """
        return self._bounded.call(what, ask, pool)

    def in_pool(self, what: str, pool: str, ask: Callable[[Any], T]) -> T:
        """`ask` gets the open pool."""

        def within() -> T:
            with self.cluster.pool(pool) as ioctx:
                return ask(ioctx)

        return self.call(what, within, pool)

    def look_at(self, pool: str, volume: str, look: Callable[[Any], T]) -> T:
        """`look` gets the image, open to be read."""

        def within(ioctx: Any) -> T:
            with ceph_images.opened(ioctx, pool, volume) as image:
                return look(image)

        return self.in_pool(f"{pool}/{volume}", pool, within)

    def look_at_each(
        self, what: str, pool: str, names: Sequence[str], look: Callable[[Any, str, str], T]
    ) -> list[T]:
        """`look` gets the open pool, its name and one of the names; the time limit is for so many of them."""
        found: list[T] = []
        for first in range(0, len(names), AT_ONCE):
            some = names[first : first + AT_ONCE]
            found += self.in_pool(what, pool, partial(_look_at_each, pool=pool, names=some, look=look))
        return found

    def change_at(self, what: str, pool: str, volume: str, change: Callable[[Any], None]) -> None:
        """`change` gets the image, open to be changed."""

        def within() -> None:
            with self.opened(pool, volume) as image:
                change(image)

        self.call(what, within, pool)

    @contextmanager
    def opened(self, pool: str, volume: str) -> Iterator[Any]:
        """An image, to be changed; whoever has it so is one of its watchers. Not bounded in time."""
        with self.cluster.pool(pool) as ioctx, ceph_images.opened(ioctx, pool, volume, False) as image:
            yield image

    def close(self) -> None:
        self._bounded.close("close", self.cluster.close)


def _look_at_each(ioctx: Any, pool: str, names: Sequence[str], look: Callable[[Any, str, str], T]) -> list[T]:
    return ceph_images.look_at_each(names, lambda name: look(ioctx, pool, name))
