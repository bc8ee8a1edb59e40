"""What block storage in memory consists of, and what a test may do to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

from pvc_core.errors import NotFound, StorageUnavailable
from pvc_core.model.storage import Hidden, Osd, OsdMark, Pool, VolumeDetail, VolumeSnapshot, Watcher

CLUSTER = "9d3a0b3c-0000-4000-8000-000000000001"
OSD_BYTES = 4 << 40
GROUPS = 16


class FakeState:
    """Pools, volumes and snapshots are put in by the test."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, VolumeDetail]] = {}
        self.kept: dict[tuple[str, str], list[VolumeSnapshot]] = {}
        self.made_pools: dict[str, Pool] = {}
        self.pool_ids = count(1)
        self.stored: dict[str, int] = {}
        self.unseen: dict[str, Hidden] = {}
        self.quotas: dict[str, int] = {}
        self.daemons = {number: _osd(number) for number in range(3)}
        self.marks = {number: self.new_mark(number) for number in self.daemons}
        self.held_out: set[str] = set()
        self.flagged: set[str] = set()
        self.loaded: set[int] = set()
        self.unclean: dict[str, int] = {}
        self.own = "127.0.0.1:0/1"
        """As whom it sees who asks."""
        self.hanging = False
        self.silent = False

    def add_pool(self, name: str) -> None:
        self.held[name] = {}
        self.made_pools[name] = Pool(
            id=next(self.pool_ids), name=name, placement_groups=GROUPS, autoscale="off", copies=3,
            mincopies=2, uses=("rbd",),
        )  # fmt: skip

    def new_mark(self, osd: int) -> OsdMark:
        """As if it had been made of a disk."""
        return OsdMark(osd=osd, uuid=str(uuid4()), cluster=CLUSTER)

    def osd_goes(self, number: int, up: bool) -> None:
        """Down, or up again."""
        self.daemons[number] = self.daemons[number].but(up=up)

    def add_volume(self, pool: str, name: str, size: int) -> None:
        features = ("layering", "exclusive-lock")
        self.held[pool][name] = VolumeDetail(
            pool=pool, name=name, size=size, id=f"id-{name}", features=features, created=1.0,
            snapshots=(), watchers=(), lockers=(),
        )  # fmt: skip

    def add_snapshot(self, pool: str, volume: str, name: str) -> None:
        found = self.found(pool, volume)
        self.kept.setdefault((pool, volume), []).append(
            VolumeSnapshot(pool=pool, volume=volume, name=name, size=found.size, protected=False, created=2.0)
        )
        self.held[pool][volume] = found.but(snapshots=(*found.snapshots, name))

    def clone(self, pool: str, volume: str, snapshot: str, name: str) -> None:
        """Copy-on-write; protects the snapshot, as Ceph wants it."""
        known = self.kept[pool, volume]
        self.kept[pool, volume] = [one.but(protected=True) if one.name == snapshot else one for one in known]
        self.add_volume(pool, name, self.found(pool, volume).size)
        self.held[pool][name] = self.found(pool, name).but(parent=f"{pool}/{volume}@{snapshot}")

    def reparent(self, before: str, after: str) -> None:
        """Clones know their snapshot by what it is called now."""
        for held in self.held.values():
            for child in held.values():
                if child.parent == before:
                    held[child.name] = child.but(parent=after)

    def open_volume(self, pool: str, volume: str, address: str = "") -> None:
        """Somebody has it open from now on; nobody, without an address."""
        watchers = (Watcher(address=address, client="1"),) if address else ()
        self.held[pool][volume] = self.found(pool, volume).but(watchers=watchers)

    @contextmanager
    def joined(self, pool: str, volume: str, address: str) -> Iterator[None]:
        """Somebody has it open besides others."""
        mine = Watcher(address=address, client="2")
        found = self.found(pool, volume)
        self.held[pool][volume] = found.but(watchers=(*found.watchers, mine))
        try:
            yield
        finally:
            found = self.found(pool, volume)
            self.held[pool][volume] = found.but(watchers=tuple(one for one in found.watchers if one != mine))

    def pool_of(self, name: str) -> dict[str, VolumeDetail]:
        if name not in self.held:
            raise NotFound(f"there is no pool {name}")
        return self.held[name]

    def found(self, pool: str, name: str) -> VolumeDetail:
        volumes = self.pool_of(pool)
        if name not in volumes:
            raise NotFound(f"there is no volume {pool}/{name}")
        return volumes[name]

    def refuse_if(self, silent: bool) -> None:
        if silent:
            raise StorageUnavailable("the storage has not answered in time")


def _osd(number: int) -> Osd:
    return Osd(
        id=number, node=f"hv{number + 1}", device_class="ssd", up=True, within=True, weight=0.0039,
        total=OSD_BYTES, used=0, placement_groups=GROUPS,
    )  # fmt: skip
