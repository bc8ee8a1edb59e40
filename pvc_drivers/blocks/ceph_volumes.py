"""Making and removing RBD images."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import rbd

from pvc_core.errors import AlreadyExists, VolumeInUse
from pvc_drivers.blocks.ceph_calls import CephCalls
from pvc_drivers.blocks.ceph_cluster import translated
from pvc_drivers.blocks.ceph_images import refuse_if_open
from pvc_drivers.blocks.ceph_telling import telling
from pvc_drivers.blocks.port import Tell


class CephVolumes(CephCalls):
    """Obeys `VolumeChanges`."""

    def create_volume(self, pool: str, name: str, size: int) -> None:
        def create(ioctx: Any) -> None:
            with translated(f"volume {pool}/{name}"):
                try:
                    rbd.RBD().create(ioctx, name, size)
                except rbd.ImageExists:
                    raise AlreadyExists(f"there is a volume {pool}/{name} already") from None

        self.in_pool(f"create {pool}/{name}", pool, create)

    def remove_volume(self, pool: str, name: str, tell: Tell) -> None:
        """Whether it is open is looked at first: librbd 16.2 would ask a writer for its lock without end.

        Of one that was removed in part only its name may be left.
        """
        with self.cluster.pool(pool) as ioctx, translated(f"volume {pool}/{name}"):
            try:
                with suppress(rbd.ImageNotFound), rbd.Image(ioctx, name, read_only=True) as image:
                    refuse_if_open(image, f"{pool}/{name}", ourselves=0)
                with telling(tell) as told:
                    rbd.RBD().remove(ioctx, name, told)
            except rbd.ImageNotFound:
                return
            except (rbd.ImageBusy, rbd.ImageHasSnapshots):
                raise VolumeInUse(f"{pool}/{name} is open somewhere, or has snapshots") from None
