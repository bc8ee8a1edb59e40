"""Making and removing volumes in memory."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists, VolumeInUse
from pvc_drivers.blocks.fake_state import FakeState
from pvc_drivers.blocks.port import Tell

STEPS = 10


class FakeVolumes(FakeState):
    """Obeys `VolumeChanges`."""

    def create_volume(self, pool: str, name: str, size: int) -> None:
        self.refuse_if(self.silent or self.hanging)
        if name in self.pool_of(pool):
            raise AlreadyExists(f"there is a volume {pool}/{name} already")
        self.add_volume(pool, name, size)

    def remove_volume(self, pool: str, name: str, tell: Tell) -> None:
        self.refuse_if(self.silent or self.hanging)
        volume = self.pool_of(pool).get(name)
        if volume is None:
            return
        if volume.watchers or volume.snapshots:
            raise VolumeInUse(f"{pool}/{name} is open somewhere, or has snapshots")
        for done in range(STEPS):
            tell(done, STEPS)
        self.held[pool].pop(name, None)
