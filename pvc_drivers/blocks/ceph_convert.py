"""Disk images that lie on RBD images, as they are: read by qemu-img where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pvc_core.model.image_format import ImageFormat
from pvc_drivers.blocks.ceph_calls import CephCalls
from pvc_drivers.blocks.port import Tell
from pvc_drivers.blocks.qemu_img import QemuImg


class CephConversion(CephCalls):
    """Obeys the second half of `Content`."""

    def inspect(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        return self._qemu_img().inspect(pool, volume, form)

    def find_faults(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        return self._qemu_img().find_faults(pool, volume, form)

    def convert(self, pool: str, volume: str, form: ImageFormat, target: str, tell: Tell) -> None:
        size = self.look_at(pool, target, lambda image: int(image.size()))
        self._qemu_img().convert(pool, volume, form, target, size, tell)

    def _qemu_img(self) -> QemuImg:
        return QemuImg(self.access.conf, self.access.client, self.access.keyring)
