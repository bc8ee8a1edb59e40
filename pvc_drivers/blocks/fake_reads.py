"""Looking at block storage in memory."""

from __future__ import annotations

from pvc_core.model.storage import (
    Hidden,
    Osd,
    OsdMark,
    Pool,
    PoolUse,
    StorageStatus,
    StorageUtil,
    Volume,
    VolumeDetail,
    VolumeSnapshot,
)
from pvc_drivers.blocks.fake_state import GROUPS, OSD_BYTES, FakeState


class FakeReads(FakeState):
    """Three OSDs; obeys `Reads`."""

    def status(self) -> StorageStatus:
        self.refuse_if(self.silent)
        osds, groups = self.daemons.values(), GROUPS * len(self.held)
        clean = {"active+clean": groups - sum(self.unclean.values())}
        return StorageStatus(
            health="warn" if self.hanging else "ok", monitors=3, quorum=("hv1", "hv2", "hv3"), manager=True,
            osds=len(osds), osds_up=sum(osd.up for osd in osds), osds_in=sum(osd.within for osd in osds),
            placement_groups={**clean, **self.unclean}, used=0, total=OSD_BYTES * len(osds),
        )  # fmt: skip

    def util(self) -> StorageUtil:
        self.refuse_if(self.silent)
        used, total = 0, 3 * OSD_BYTES
        pools = tuple(
            PoolUse(
                name=name,
                stored=self.stored.get(name, 0),
                used=0,
                available=(total - used) // 3,
                objects=len(volumes),
                quota=self.quotas.get(name, 0),
            )
            for name, volumes in sorted(self.held.items())
        )
        return StorageUtil(total=total, used=used, available=total - used, pools=pools)

    def osds(self) -> list[Osd]:
        self.refuse_if(self.silent)
        return [self.daemons[number] for number in sorted(self.daemons)]

    def osd_marks(self) -> list[OsdMark]:
        self.refuse_if(self.silent)
        return [self.marks[number] for number in sorted(self.marks)]

    def pools(self) -> list[Pool]:
        self.refuse_if(self.silent)
        return [self.made_pools[name] for name in sorted(self.held)]

    def volumes(self, pool: str) -> list[Volume]:
        self.refuse_if(self.silent or self.hanging)
        found = self.pool_of(pool).values()
        ours = sorted(found, key=lambda volume: volume.name)
        return [Volume(pool=pool, name=one.name, size=one.size, parent=one.parent) for one in ours]

    def hidden(self, pool: str) -> Hidden:
        self.refuse_if(self.silent or self.hanging)
        self.pool_of(pool)
        return self.unseen.get(pool, Hidden())

    def volume(self, pool: str, name: str) -> VolumeDetail:
        self.refuse_if(self.silent or self.hanging)
        return self.found(pool, name)

    def snapshots(self, pool: str, volume: str) -> list[VolumeSnapshot]:
        self.refuse_if(self.silent or self.hanging)
        self.found(pool, volume)
        return list(self.kept.get((pool, volume), ()))
