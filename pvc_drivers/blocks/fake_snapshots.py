"""Snapshots in memory."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists, NotFound, VolumeInUse
from pvc_core.model.storage import VolumeSnapshot
from pvc_drivers.blocks.fake_state import FakeState
from pvc_drivers.blocks.port import Tell


class FakeSnapshots(FakeState):
    """Obeys `SnapshotChanges`; `rolled_back` names the snapshots volumes went back to."""

    def __init__(self) -> None:
        super().__init__()
        self.rolled_back: list[str] = []

    def create_snapshot(self, pool: str, volume: str, name: str) -> None:
        self.refuse_if(self.silent or self.hanging)
        self._refuse_snapshot(pool, volume, name)
        self.add_snapshot(pool, volume, name)

    def rename_snapshot(self, pool: str, volume: str, name: str, new: str) -> None:
        self._snapshot(pool, volume, name)
        self._refuse_snapshot(pool, volume, new)
        self._put_snapshot(pool, volume, name, name=new)
        self.reparent(f"{pool}/{volume}@{name}", f"{pool}/{volume}@{new}")

    def protect_snapshot(self, pool: str, volume: str, name: str) -> None:
        self._snapshot(pool, volume, name)
        self._put_snapshot(pool, volume, name, protected=True)

    def unprotect_snapshot(self, pool: str, volume: str, name: str) -> None:
        if self._snapshot(pool, volume, name).protected and self.clones(pool, volume, name):
            raise VolumeInUse(f"{pool}/{volume}@{name} has clones")
        self._put_snapshot(pool, volume, name, protected=False)

    def remove_snapshot(self, pool: str, volume: str, name: str) -> None:
        try:
            snapshot = self._snapshot(pool, volume, name)
        except NotFound:
            self.found(pool, volume)
            return
        if snapshot.protected:
            raise VolumeInUse(f"{pool}/{volume}@{name} is protected, or has clones")
        self._keep_snapshots(pool, volume, [one for one in self.kept[pool, volume] if one.name != name])

    def rollback_snapshot(self, pool: str, volume: str, name: str, tell: Tell) -> None:
        snapshot = self._snapshot(pool, volume, name)
        tell(0, snapshot.size)
        if self.found(pool, volume).watchers:
            raise VolumeInUse(f"{pool}/{volume} is open by a client besides this one")
        self.held[pool][volume] = self.found(pool, volume).but(size=snapshot.size)
        self.rolled_back.append(f"{pool}/{volume}@{name}")

    def clones(self, pool: str, volume: str, name: str) -> list[str]:
        self._snapshot(pool, volume, name)
        volumes = (one for held in self.held.values() for one in held.values())
        return sorted(f"{one.pool}/{one.name}" for one in volumes if one.parent == f"{pool}/{volume}@{name}")

    def _snapshot(self, pool: str, volume: str, name: str) -> VolumeSnapshot:
        self.refuse_if(self.silent or self.hanging)
        self.found(pool, volume)
        for one in self.kept.get((pool, volume), ()):
            if one.name == name:
                return one
        raise NotFound(f"there is no snapshot {pool}/{volume}@{name}")

    def _refuse_snapshot(self, pool: str, volume: str, name: str) -> None:
        if name in self.found(pool, volume).snapshots:
            raise AlreadyExists(f"there is a snapshot {pool}/{volume}@{name} already")

    def _put_snapshot(self, pool: str, volume: str, snapshot: str, **changes: object) -> None:
        known = self.kept[pool, volume]
        self._keep_snapshots(
            pool, volume, [one.but(**changes) if one.name == snapshot else one for one in known]
        )

    def _keep_snapshots(self, pool: str, volume: str, snapshots: list[VolumeSnapshot]) -> None:
        self.kept[pool, volume] = snapshots
        names = tuple(one.name for one in snapshots)
        self.held[pool][volume] = self.found(pool, volume).but(snapshots=names)
