"""Flags of OSDs in memory, and whether data are placed on them."""

from __future__ import annotations

from pvc_core.errors import StorageRefused
from pvc_drivers.blocks.fake_state import FakeState


class FakeOsds(FakeState):
    """Obeys `OsdChanges`."""

    def flags(self) -> list[str]:
        self.refuse_if(self.silent)
        return sorted(self.flagged)

    def set_flag(self, flag: str) -> None:
        self.refuse_if(self.silent)
        self.flagged.add(flag)

    def unset_flag(self, flag: str) -> None:
        self.refuse_if(self.silent)
        self.flagged.discard(flag)

    def put_in(self, osd: int) -> None:
        self.refuse_if(self.silent)
        self.daemons[osd] = self.daemons[osd].but(within=True)

    def take_out(self, osd: int) -> None:
        self.refuse_if(self.silent)
        self.daemons[osd] = self.daemons[osd].but(within=False)

    def why_not_destroy(self, osd: int) -> str:
        self.refuse_if(self.silent)
        return "osd safe-to-destroy: it has data" if osd in self.loaded else ""

    def stop_osd(self, osd: int) -> None:
        self.refuse_if(self.silent)
        self.osd_goes(osd, up=False)

    def destroy_osd(self, osd: int) -> None:
        self.refuse_if(self.silent)
        if osd not in self.daemons:
            return
        if self.daemons[osd].up:
            raise StorageRefused(f"Ceph refused osd destroy-actual: osd.{osd} is not `down`.")
        self.daemons[osd] = self.daemons[osd].but(destroyed=True)
        self.marks.pop(osd, None)

    def keep_place(self, osd: int, host: str, weight: float, device_class: str) -> None:
        self.refuse_if(self.silent)
        like = self.daemons.get(osd, next(iter(self.daemons.values())))
        self.daemons[osd] = like.but(
            id=osd, node=host, weight=weight, device_class=device_class, up=False, destroyed=True
        )

    def purge_osd(self, osd: int) -> None:
        self.refuse_if(self.silent)
        self.daemons.pop(osd, None)
        self.marks.pop(osd, None)
