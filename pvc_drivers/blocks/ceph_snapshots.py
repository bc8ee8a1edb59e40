"""Snapshots of RBD images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rbd

from pvc_core.errors import AlreadyExists, NotFound, VolumeInUse
from pvc_drivers.blocks import ceph_images
from pvc_drivers.blocks.ceph_calls import CephCalls
from pvc_drivers.blocks.port import Tell


class CephSnapshots(CephCalls):
    """Obeys `SnapshotChanges`."""

    def create_snapshot(self, pool: str, volume: str, name: str) -> None:
        def create(image: Any) -> None:
            try:
                image.create_snap(name)
            except rbd.ImageExists:
                raise AlreadyExists(f"there is a snapshot {pool}/{volume}@{name} already") from None

        self.change_at(f"snapshot {pool}/{volume}@{name}", pool, volume, create)

    def rename_snapshot(self, pool: str, volume: str, name: str, new: str) -> None:
        def rename(image: Any) -> None:
            with _of_snapshot(f"{pool}/{volume}@{name}"):
                try:
                    image.rename_snap(name, new)
                except rbd.ImageExists:
                    raise AlreadyExists(f"there is a snapshot {pool}/{volume}@{new} already") from None

        self.change_at(f"rename {pool}/{volume}@{name}", pool, volume, rename)

    def protect_snapshot(self, pool: str, volume: str, name: str) -> None:
        def protect(image: Any) -> None:
            with _of_snapshot(f"{pool}/{volume}@{name}"):
                if not image.is_protected_snap(name):
                    image.protect_snap(name)

        self.change_at(f"protect {pool}/{volume}@{name}", pool, volume, protect)

    def unprotect_snapshot(self, pool: str, volume: str, name: str) -> None:
        def unprotect(image: Any) -> None:
            with _of_snapshot(f"{pool}/{volume}@{name}"):
                if image.is_protected_snap(name):
                    image.unprotect_snap(name)

        self.change_at(f"unprotect {pool}/{volume}@{name}", pool, volume, unprotect)

    def remove_snapshot(self, pool: str, volume: str, name: str) -> None:
        def remove(image: Any) -> None:
            try:
                image.remove_snap(name)
            except rbd.ImageNotFound:
                return
            except rbd.ImageBusy:
                raise VolumeInUse(f"{pool}/{volume}@{name} is protected, or has clones") from None

        self.change_at(f"remove {pool}/{volume}@{name}", pool, volume, remove)

    def rollback_snapshot(self, pool: str, volume: str, name: str, tell: Tell) -> None:
        """librbd tells nothing on the way, and does not stop."""
        with self.opened(pool, volume) as image, _of_snapshot(f"{pool}/{volume}@{name}"):
            tell(0, image.size())
            ceph_images.refuse_if_open(image, f"{pool}/{volume}")
            try:
                image.rollback_to_snap(name)
            except rbd.ReadOnlyImage:
                raise VolumeInUse(f"somebody writes to {pool}/{volume}") from None

    def clones(self, pool: str, volume: str, name: str) -> list[str]:
        def look(image: Any) -> list[str]:
            with _of_snapshot(f"{pool}/{volume}@{name}"):
                image.set_snap(name)
                return sorted("{}/{}".format(*child) for child in image.list_children())

        return self.look_at(pool, volume, look)


@contextmanager
def _of_snapshot(what: str) -> Iterator[None]:
    """What is not found is the snapshot; what is busy has clones."""
    try:
        yield
    except rbd.ImageNotFound:
        raise NotFound(f"there is no snapshot {what}") from None
    except rbd.ImageBusy:
        raise VolumeInUse(f"{what} has clones, or is busy") from None
