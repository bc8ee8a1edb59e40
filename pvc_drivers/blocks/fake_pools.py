"""Making, changing and removing pools in memory."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists, NotFound, StorageRefused
from pvc_core.model.storage import PoolPlan
from pvc_drivers.blocks.fake_state import FakeState


class FakePools(FakeState):
    """Obeys `PoolChanges`."""

    deletion_off = False

    def create_pool(self, plan: PoolPlan) -> None:
        self.refuse_if(self.silent or self.hanging)
        if plan.name not in self.held:
            self.add_pool(plan.name)
        self.made_pools[plan.name] = self.made_pools[plan.name].but(
            placement_groups=plan.placement_groups, autoscale=plan.autoscale, copies=plan.copies,
            mincopies=plan.mincopies, tier=plan.tier,
        )  # fmt: skip

    def rename_pool(self, name: str, new: str) -> None:
        self.refuse_if(self.silent)
        if name not in self.held and new not in self.held:
            raise NotFound(f"there is no pool {name}")
        if name not in self.held:
            return
        if new in self.held:
            raise AlreadyExists(f"there is a pool {new} already")
        self.held[new] = {volume: one.but(pool=new) for volume, one in self.held.pop(name).items()}
        self.made_pools[new] = self.made_pools.pop(name).but(name=new)

    def remove_pool(self, name: str) -> None:
        self.refuse_if(self.silent)
        if self.deletion_off:
            raise StorageRefused(f"Ceph does not let pool {name} be removed")
        self.held.pop(name, None)

    def set_placement_groups(self, name: str, groups: int) -> None:
        self._change(name, placement_groups=groups)

    def set_autoscale(self, name: str, mode: str) -> None:
        self._change(name, autoscale=mode)

    def _change(self, name: str, **changes: object) -> None:
        self.refuse_if(self.silent)
        if name not in self.held:
            raise NotFound(f"there is no pool {name}")
        self.made_pools[name] = self.made_pools[name].but(**changes)
