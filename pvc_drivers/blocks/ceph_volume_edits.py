"""Resizing, renaming and cloning RBD images."""

from __future__ import annotations

import math
import time
from typing import Any

import rbd

from pvc_core.decide.shrinking import plan_shrink
from pvc_core.errors import AlreadyExists, StorageRefused
from pvc_drivers.blocks.ceph_calls import CephCalls
from pvc_drivers.blocks.ceph_cluster import Access, translated
from pvc_drivers.blocks.ceph_flatten import flatten
from pvc_drivers.blocks.ceph_images import refuse_if_open
from pvc_drivers.blocks.port import Tell


class CephVolumeEdits(CephCalls):
    """Obeys `VolumeEdits`."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._promised: dict[str, tuple[float, int]] = {}

    def promised(self, pool: str, age_s: float = 0.0) -> int:
        """Every volume is opened for it: 0.2 s for a thousand."""

        def count(ioctx: Any) -> int:
            with translated(f"pool {pool}"):
                return int(rbd.RBD().pool_stats_get(ioctx)["image_provisioned_bytes"])

        now = time.monotonic()
        asked, total = self._promised.get(pool, (-math.inf, 0))
        if now - asked > age_s:
            total = self.in_pool(f"promises of {pool}", pool, count)
            self._promised[pool] = (now, total)
        return total

    def resize_volume(self, pool: str, volume: str, size: int, tell: Tell) -> None:
        with self.opened(pool, volume) as image:
            now = image.size()
            if size > now:
                image.resize(size, False)
            elif size < now:
                refuse_if_open(image, f"{pool}/{volume}")
                _shrink(image, size, tell)

    def rename_volume(self, pool: str, volume: str, new: str) -> None:
        def rename(ioctx: Any) -> None:
            with translated(f"volume {pool}/{volume}"):
                with rbd.Image(ioctx, volume, read_only=True) as image:
                    refuse_if_open(image, f"{pool}/{volume}", ourselves=0)
                try:
                    rbd.RBD().rename(ioctx, volume, new)
                except rbd.ImageExists:
                    raise AlreadyExists(f"there is a volume {pool}/{new} already") from None

        self.in_pool(f"rename {pool}/{volume}", pool, rename)

    def clone_volume(self, pool: str, volume: str, snapshot: str, to_pool: str, name: str) -> None:
        def clone(source: Any) -> None:
            with self.cluster.pool(to_pool) as target, translated(f"snapshot {pool}/{volume}@{snapshot}"):
                try:
                    rbd.RBD().clone(source, volume, snapshot, target, name)
                except rbd.ImageExists:
                    raise AlreadyExists(f"there is a volume {to_pool}/{name} already") from None

        self.in_pool(f"clone {to_pool}/{name}", pool, clone)

    def flatten_volume(self, pool: str, volume: str, tell: Tell) -> None:
        with self.opened(pool, volume) as image:
            flatten(image, tell)


def _shrink(image: Any, size: int, tell: Tell) -> None:
    """In steps: librbd neither tells how far it is, nor stops."""
    start = seen = image.size()
    for goal in plan_shrink(start, size):
        tell(start - seen, start - size)
        if image.size() != seen:
            raise StorageRefused("it was resized by somebody else meanwhile")
        image.resize(goal, True)
        seen = goal
