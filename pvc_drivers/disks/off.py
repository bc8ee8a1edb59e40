"""The disks of whoever is on no node with storage."""

from __future__ import annotations

from typing import NoReturn

from pvc_core.errors import SubsystemOff
from pvc_core.model.storage import OsdMark
from pvc_drivers.disks.port import Disk


class NoDisks:
    """Obeys `Disks`."""

    patience_s = 0.0

    def look(self, device: str) -> Disk:
        refuse()

    def osd_on(self, device: str) -> OsdMark | None:
        refuse()

    def wipe(self, device: str) -> None:
        refuse()

    def make_osd(self, device: str, device_class: str | None, osd: int | None = None) -> int:
        refuse()

    def forget_osd(self, osd: int) -> None:
        refuse()

    def start_osd(self, osd: int) -> None:
        refuse()


def refuse() -> NoReturn:
    raise SubsystemOff("the subsystem storage is off")
