"""Looking at Ceph."""

from __future__ import annotations

from typing import Any

from pvc_core.model.storage import (
    Hidden,
    Osd,
    OsdMark,
    Pool,
    StorageStatus,
    StorageUtil,
    Volume,
    VolumeDetail,
    VolumeSnapshot,
)
from pvc_drivers.blocks import ceph_images, ceph_words
from pvc_drivers.blocks.ceph_calls import CephCalls


class CephReads(CephCalls):
    """Obeys `Reads`."""

    def status(self) -> StorageStatus:
        return self.call("status", lambda: ceph_words.read_status(self.cluster.ask_monitors("status")))

    def util(self) -> StorageUtil:
        return self.call("util", lambda: ceph_words.read_util(self._ask_util()))

    def osds(self) -> list[Osd]:
        return self.call("OSDs", lambda: ceph_words.read_osds(self._ask_osds()))

    def osd_marks(self) -> list[OsdMark]:
        return self.call(
            "marks of OSDs", lambda: ceph_words.read_marks(self.cluster.ask_monitors("osd dump"))
        )

    def pools(self) -> list[Pool]:
        return self.call("pools", lambda: ceph_words.read_pools(*self._ask_pools()))

    def volumes(self, pool: str) -> list[Volume]:
        what = f"volumes of {pool}"
        names = self.in_pool(what, pool, lambda ioctx: ceph_images.list_names(ioctx, pool))
        found = self.look_at_each(what, pool, names, ceph_images.find_volume)
        return [volume for volume in found if volume]

    def hidden(self, pool: str) -> Hidden:
        return self.in_pool(f"trash of {pool}", pool, lambda ioctx: ceph_images.read_hidden(ioctx, pool))

    def volume(self, pool: str, name: str) -> VolumeDetail:
        def look(image: Any) -> VolumeDetail:
            return ceph_images.read_detail(image, ceph_images.read_volume(image, pool, name))

        return self.look_at(pool, name, look)

    def snapshots(self, pool: str, volume: str) -> list[VolumeSnapshot]:
        return self.look_at(pool, volume, lambda image: ceph_images.read_snapshots(image, pool, volume))

    def _ask_util(self) -> Any:
        return self.cluster.ask_monitors("df", detail="detail")

    def _ask_osds(self) -> Any:
        return self.cluster.ask_manager("osd df", output_method="tree")

    def _ask_pools(self) -> tuple[Any, Any]:
        rules = self.cluster.ask_monitors("osd crush rule dump")
        return self.cluster.ask_monitors("osd pool ls", detail="detail"), rules
