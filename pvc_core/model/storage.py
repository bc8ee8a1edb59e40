"""Storage as it is seen: pools, volumes, snapshots, and what carries them. Sizes are in bytes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pvc_core.model.record import Record

Health = Literal["ok", "warn", "error"]


class HealthCheck(Record):
    """One thing the storage complains of."""

    code: str
    health: Health
    message: str


class StorageStatus(Record):
    """The storage cluster at one moment."""

    health: Health
    checks: tuple[HealthCheck, ...] = ()
    monitors: int
    quorum: tuple[str, ...]
    manager: bool
    osds: int
    osds_up: int
    osds_in: int
    placement_groups: dict[str, int]
    """How many are in each state."""
    used: int
    total: int


class PoolUse(Record):
    """What a pool holds; `available` is what still fits on its OSDs, copies considered."""

    name: str
    stored: int
    used: int
    available: int
    objects: int
    quota: int = 0
    """More than this is never stored, whoever writes it; 0 for none."""


class StorageUtil(Record):
    """How full the storage is."""

    total: int
    used: int
    available: int
    pools: tuple[PoolUse, ...]


class Osd(Record):
    """One object storage daemon: `up` means it runs, `within` that data are placed on it.

    One that is destroyed has no disk any more; its number and its place are kept for the next one.
    """

    id: int
    node: str
    device_class: str
    up: bool
    within: bool
    weight: float
    total: int
    used: int
    placement_groups: int
    destroyed: bool = False


class OsdMark(Record):
    """What tells an OSD's disk from all others: it is written on the disk, and Ceph knows it."""

    osd: int
    uuid: str
    cluster: str


class Monitor(Record):
    """One of those who keep the storage's map."""

    name: str
    address: str


class Pool(Record):
    """A pool, and how it is kept."""

    id: int
    name: str
    placement_groups: int
    autoscale: str
    copies: int
    mincopies: int
    uses: tuple[str, ...]
    tier: str = "default"
    """The device class of its OSDs; default is any."""


class PoolPlan(Record):
    """A pool for volumes, as it shall be."""

    name: str
    placement_groups: int
    copies: int
    mincopies: int
    tier: str
    autoscale: str


class Volume(Record):
    """A volume in a list."""

    pool: str
    name: str
    size: int
    parent: str = ""
    """POOL/VOLUME@SNAPSHOT it was cloned from."""


class Watcher(Record):
    """Who has a volume open, or holds a lock on it."""

    address: str
    """HOST:PORT/NONCE: the nonce is what tells one client from the next at the same host."""
    client: str
    node: str = ""
    """Empty for a client outside of the cluster's nodes."""


def client_of(address: str) -> str:
    """One client has one name, whatever the protocol it was seen by."""
    return address.removeprefix("v1:").removeprefix("v2:")


def is_one_of(address: str, clients: Collection[str]) -> bool:
    """Whether a client is among these, by itself or by its host."""
    return client_of(address) in map(client_of, clients) or host_of(address) in clients


def host_of(address: str) -> str:
    """The host of a client's address: of `10.0.0.1:0/123`, `v1:10.0.0.1:0/123` and `[fd00::1]:0/123`."""
    rest = client_of(address).partition("/")[0]
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.partition(":")[0] if rest.count(":") < 2 else rest


class VolumeDetail(Volume):
    """All that is known of one volume."""

    id: str
    features: tuple[str, ...]
    created: float
    snapshots: tuple[str, ...]
    watchers: tuple[Watcher, ...]
    lockers: tuple[Watcher, ...]


class Hidden(Record):
    """What lies in a pool and is in no list of its volumes."""

    trash: tuple[str, ...] = ()
    """Volumes that were moved to the trash, by the names they had: they can be taken back."""
    namespaces: tuple[str, ...] = ()
    """Each is like a pool by itself."""


class VolumeSnapshot(Record):
    """A volume as it was at one moment."""

    pool: str
    volume: str
    name: str
    size: int
    protected: bool
    created: float
