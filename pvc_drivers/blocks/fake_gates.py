"""Whether daemons of the storage in memory may stop, and hosts that are held."""

from __future__ import annotations

from collections.abc import Sequence

from pvc_core.model.storage import Monitor
from pvc_drivers.blocks.fake_state import FakeState

MINCOPIES = 2


class FakeGates(FakeState):
    """Every OSD has a copy of everything; obeys `Gates`."""

    def monitors(self) -> list[Monitor]:
        self.refuse_if(self.silent)
        hosts = sorted({osd.node for osd in self.daemons.values()})
        return [Monitor(name=host, address=f"10.0.0.{number}") for number, host in enumerate(hosts, 1)]

    def why_not_stop(self, osds: Sequence[int], monitors: Sequence[str]) -> list[str]:
        self.refuse_if(self.silent)
        up = [osd.id for osd in self.daemons.values() if osd.up and osd.id not in osds]
        left = [monitor for monitor in self.monitors() if monitor.name not in monitors]
        found = []
        if osds and len(up) < MINCOPIES:
            found.append("osd ok-to-stop: unsafe to stop osd(s) at this time")
        if monitors and 2 * len(left) <= len(self.monitors()):
            found.append("mon ok-to-stop: not enough monitors would be available")
        return found

    def hold_osds(self, host: str) -> None:
        self.refuse_if(self.silent)
        self.held_out.add(host)

    def release_osds(self, host: str) -> None:
        self.refuse_if(self.silent)
        self.held_out.discard(host)

    def held_hosts(self) -> list[str]:
        self.refuse_if(self.silent)
        return sorted(self.held_out)
