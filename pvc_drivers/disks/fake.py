"""Disks in memory; the OSDs they become are in the block storage's fake."""

from __future__ import annotations

from itertools import count

from pvc_core.errors import NotFound, StorageRefused
from pvc_core.model.storage import Osd, OsdMark
from pvc_drivers.blocks.fake import FakeBlocks
from pvc_drivers.disks.port import Disk


class FakeDisks:
    """Obeys `Disks`; one node's."""

    patience_s = 0.0

    def __init__(self, blocks: FakeBlocks, node: str) -> None:
        self.blocks, self.node = blocks, node
        self.disks: dict[str, Disk] = {}
        self.osds: dict[str, OsdMark] = {}
        self.kept: set[int] = set()
        """Of which OSDs there is a directory."""

    def look(self, device: str) -> Disk:
        if device not in self.disks:
            raise NotFound(f"there is no block device {device} on this node")
        return self.disks[device]

    def osd_on(self, device: str) -> OsdMark | None:
        return self.osds.get(device)

    def numbers(self) -> dict[str, int]:
        """What each device was made."""
        return {device: mark.osd for device, mark in self.osds.items()}

    def wipe(self, device: str) -> None:
        self.osds.pop(device, None)
        self.disks[device] = Disk(device, self.disks[device].size)

    def make_osd(self, device: str, device_class: str | None, osd: int | None = None) -> int:
        if self.disks[device].traces:
            raise StorageRefused(f"{device} is not empty")
        number = next(one for one in count() if one not in self.blocks.daemons) if osd is None else osd
        if number in self.kept:
            raise StorageRefused(f"there is a directory of osd.{number} already")
        self.blocks.daemons[number] = self._known(number, device_class or "hdd")
        self.kept.add(number)
        self.osds[device] = self.blocks.marks[number] = self.blocks.new_mark(number)
        self.disks[device] = Disk(device, self.disks[device].size, ("a ceph_bluestore signature",))
        return number

    def _known(self, number: int, device_class: str) -> Osd:
        """One that was destroyed keeps its place; a new one has none before it runs."""
        if number in self.blocks.daemons:
            if not self.blocks.daemons[number].destroyed:
                raise StorageRefused(f"The osd ID {number} is already in use or does not exist.")
            return self.blocks.daemons[number].but(destroyed=False)
        like = next(iter(self.blocks.daemons.values()))
        return like.but(id=number, node="", up=False, within=False, device_class=device_class)

    def forget_osd(self, osd: int) -> None:
        self.kept.discard(osd)

    def start_osd(self, osd: int) -> None:
        self.blocks.daemons[osd] = self.blocks.daemons[osd].but(node=self.node, up=True, within=True)
