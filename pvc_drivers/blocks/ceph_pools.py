"""Making, changing and removing pools of Ceph."""

from __future__ import annotations

from typing import Any

import rbd

from pvc_core.errors import AlreadyExists, NotFound, PvcError, StorageRefused
from pvc_core.model.storage import PoolPlan
from pvc_drivers.blocks.ceph_calls import CephCalls
from pvc_drivers.blocks.ceph_cluster import translated

DELETION_OFF = "mon_allow_pool_delete"
UNKNOWN = "unrecognized pool"
TAKEN = "already exists"


class CephPools(CephCalls):
    """Obeys `PoolChanges`."""

    def create_pool(self, plan: PoolPlan) -> None:
        """Each command does nothing where it was done before."""
        rule = self.call(f"rule of {plan.name}", lambda: self._rule(plan.tier))
        self.call(f"create pool {plan.name}", lambda: self._create(plan, rule))
        self._set(plan.name, "size", plan.copies)
        self._set(plan.name, "min_size", plan.mincopies)
        self.in_pool(f"prepare pool {plan.name}", plan.name, _prepare)

    def rename_pool(self, name: str, new: str) -> None:
        def rename() -> None:
            try:
                self.cluster.ask_monitors("osd pool rename", srcpool=name, destpool=new)
            except StorageRefused as error:
                if TAKEN in error.message:
                    raise AlreadyExists(f"there is a pool {new} already") from None
                raise _known(error, name) from None
            self.cluster.connected().wait_for_latest_osdmap()

        self.call(f"rename pool {name}", rename)

    def remove_pool(self, name: str) -> None:
        def remove() -> None:
            try:
                self.cluster.ask_monitors(
                    "osd pool delete", pool=name, pool2=name, yes_i_really_really_mean_it=True
                )
            except StorageRefused as error:
                raise _explained(error, name) from None
            # This client would believe in the pool until it hears of a later map by chance.
            self.cluster.connected().wait_for_latest_osdmap()

        self.call(f"remove pool {name}", remove)

    def set_placement_groups(self, name: str, groups: int) -> None:
        self._set(name, "pg_num", groups)

    def set_autoscale(self, name: str, mode: str) -> None:
        self._set(name, "pg_autoscale_mode", mode)

    def _set(self, name: str, what: str, value: object) -> None:
        """Ceph takes every value as text."""

        def change() -> None:
            try:
                self.cluster.ask_monitors("osd pool set", pool=name, var=what, val=str(value))
            except StorageRefused as error:
                raise _known(error, name) from None

        self.call(f"{what} of pool {name}", change)

    def _rule(self, tier: str) -> str:
        """The CRUSH rule of a tier; Ceph's own for all OSDs."""
        if tier == "default":
            return ""
        name, at = f"pvc-{tier}", {"root": "default", "type": "host"}
        self.cluster.ask_monitors("osd crush rule create-replicated", **at, name=name, **{"class": tier})
        return name

    def _create(self, plan: PoolPlan, rule: str) -> None:
        how = {"pool_type": "replicated", "autoscale_mode": plan.autoscale, "size": plan.copies}
        by_rule = {"rule": rule} if rule else {}
        groups = {"pg_num": plan.placement_groups, "pgp_num": plan.placement_groups}
        self.cluster.ask_monitors("osd pool create", pool=plan.name, **groups, **how, **by_rule)


def _known(error: StorageRefused, name: str) -> PvcError:
    return NotFound(f"there is no pool {name}") if UNKNOWN in error.message else error


def _prepare(ioctx: Any) -> None:
    """For RBD; refuses one that something else uses."""
    with translated("the pool's use for volumes"):
        rbd.RBD().pool_init(ioctx, False)


def _explained(error: StorageRefused, name: str) -> StorageRefused:
    if DELETION_OFF not in error.message:
        return error
    return StorageRefused(
        f"Ceph does not let pool {name} be removed: {DELETION_OFF} is false",
        f"Allow it for the moment: `ceph config set mon {DELETION_OFF} true`, as Ceph's administrator.",
    )
