"""Resizing, renaming and cloning volumes in memory."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists, NotFound, StorageRefused, VolumeInUse
from pvc_drivers.blocks.fake_state import FakeState
from pvc_drivers.blocks.port import Tell

STEPS = 10


class FakeVolumeEdits(FakeState):
    """Obeys `VolumeEdits`."""

    def promised(self, pool: str, age_s: float = 0.0) -> int:
        self.refuse_if(self.silent or self.hanging)
        return sum(volume.size for volume in self.pool_of(pool).values())

    def resize_volume(self, pool: str, volume: str, size: int, tell: Tell) -> None:
        self.refuse_if(self.silent or self.hanging)
        before = self.found(pool, volume)
        if size < before.size:
            self._refuse_if_open(pool, volume)
            for done in range(STEPS):
                tell(done, STEPS)
        self.held[pool][volume] = self.found(pool, volume).but(size=size)

    def rename_volume(self, pool: str, volume: str, new: str) -> None:
        self.refuse_if(self.silent or self.hanging)
        self._refuse_if_open(pool, volume)
        self._refuse_name(pool, new)
        self.held[pool][new] = self.held[pool].pop(volume).but(name=new)
        known = self.kept.pop((pool, volume), [])
        self.kept[pool, new] = [one.but(volume=new) for one in known]
        for snapshot in known:
            self.reparent(f"{pool}/{volume}@{snapshot.name}", f"{pool}/{new}@{snapshot.name}")

    def clone_volume(self, pool: str, volume: str, snapshot: str, to_pool: str, name: str) -> None:
        self.refuse_if(self.silent or self.hanging)
        self._refuse_name(to_pool, name)
        size = self.found(pool, volume).size
        found = next((one for one in self.kept.get((pool, volume), ()) if one.name == snapshot), None)
        if found is None:
            raise NotFound(f"there is no snapshot {pool}/{volume}@{snapshot}")
        if not found.protected:
            raise StorageRefused(f"Ceph refused snapshot {pool}/{volume}@{snapshot}: it is not protected")
        self.add_volume(to_pool, name, size)
        self.held[to_pool][name] = self.found(to_pool, name).but(parent=f"{pool}/{volume}@{snapshot}")

    def flatten_volume(self, pool: str, volume: str, tell: Tell) -> None:
        self.refuse_if(self.silent or self.hanging)
        if not self.found(pool, volume).parent:
            return
        for done in range(STEPS):
            tell(done, STEPS)
        self.held[pool][volume] = self.found(pool, volume).but(parent="")

    def _refuse_if_open(self, pool: str, volume: str) -> None:
        if self.found(pool, volume).watchers:
            raise VolumeInUse(f"{pool}/{volume} is open by 1 client besides this one")

    def _refuse_name(self, pool: str, name: str) -> None:
        if name in self.pool_of(pool):
            raise AlreadyExists(f"there is a volume {pool}/{name} already")
