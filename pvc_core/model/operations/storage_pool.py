"""Operations on pools."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from pvc_core.model.names import PoolName
from pvc_core.model.operations.storage import OfPool
from pvc_core.model.replication import Replication

MOST_GROUPS = 32768


def _power_of_two(number: int) -> int:
    if number & (number - 1):
        raise ValueError("must be a power of two, as 32 or 128: others are spread unevenly")
    return number


PlacementGroups = Annotated[int, Field(ge=1, le=MOST_GROUPS), AfterValidator(_power_of_two)]
GROUPS = Field(
    description="How many placement groups: a power of two.", json_schema_extra={"cli": "argument"}
)
Autoscale = Literal["on", "off", "warn"]
Tier = Literal["default", "hdd", "ssd", "nvme"]


class AddPool(OfPool):
    """Make a pool for volumes.

    Refused where there are fewer hosts with OSDs of that tier than copies: each is kept on another host.
    """

    name: ClassVar[str] = "storage.pool.add"
    url: ClassVar[str | None] = "/storage/ceph/pool/<pool>"

    pgs: PlacementGroups = GROUPS
    replcfg: Replication = Field(
        "copies=3,mincopies=2",
        description="How many copies are kept, and with how many of them the pool can still be used.",
    )
    tier: Tier = Field(
        "default",
        description="On OSDs of that device class only; default is on all.",
        json_schema_extra={"aliases": ["-t"]},
    )
    autoscale: Autoscale = Field(
        "off", description="Whether Ceph itself changes the number of placement groups, or warns of it."
    )


class RemovePool(OfPool):
    """Remove an empty pool; or with `force`, one with volumes, and all that is on them."""

    name: ClassVar[str] = "storage.pool.remove"
    method: ClassVar[Literal["POST", "DELETE"]] = "DELETE"
    url: ClassVar[str | None] = "/storage/ceph/pool/<pool>"
    destructive: ClassVar[bool] = True

    force: PoolName | None = Field(
        None,
        description="The pool's name once more: also if there are volumes in it. Never one whose volumes are "
        "in use: by a VM, by anybody who has them open, by clones in other pools.",
        json_schema_extra={"metavar": "POOL"},
    )


class SetPoolGroups(OfPool):
    """Change how many placement groups a pool has, and follow it until it has them."""

    name: ClassVar[str] = "storage.pool.set-pgs"
    url: ClassVar[str | None] = "/storage/ceph/pool/<pool>/set-pgs"

    pgs: PlacementGroups = GROUPS
    autoscale: Autoscale | None = Field(
        None, description="Also change whether Ceph itself changes the number, or warns of it."
    )
