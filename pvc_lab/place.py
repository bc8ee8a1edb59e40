"""Names, addresses and paths of one node. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NodePlace:
    """Names, addresses and paths of one node."""

    name: str
    index: int
    number: int
    home: Path

    @property
    def address(self) -> str:
        return f"10.77.{self.number}.{10 + self.index}"

    @property
    def mac(self) -> str:
        """Fixed, so that nobody's ARP cache is wrong after a reboot of the node."""
        return f"52:54:00:77:{self.number:02x}:{10 + self.index:02x}"

    @property
    def link(self) -> str:
        """The host's end of the node's network cable."""
        return f"pvclab{self.number}-{self.name}"

    @property
    def run(self) -> Path:
        """Emptied at every power on; pid files of the product and the door of the node's init."""
        return self.home / "run"

    @property
    def door(self) -> Path:
        return self.run / "init.sock"

    @property
    def log(self) -> Path:
        """/var/log of the node."""
        return self.home / "log"

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    @property
    def libvirt(self) -> Path:
        return self.home / "libvirt"

    @property
    def zookeeper(self) -> Path:
        return self.home / "zookeeper"

    @property
    def ceph(self) -> Path:
        """The disks of its monitor and its OSD."""
        return self.home / "ceph"

    @property
    def ceph_var(self) -> Path:
        """/var/lib/ceph of the node: OSDs made in it later."""
        return self.home / "ceph-var"

    @property
    def parts_file(self) -> Path:
        """What the node's init starts."""
        return self.home / "parts.json"

    @property
    def init_file(self) -> Path:
        return self.home / "init.json"

    @property
    def pvc_file(self) -> Path:
        return self.home / "pvc.yaml"
