"""What PVC asks of the node it runs on when an OSD is made of a disk there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pvc_core.model.storage import OsdMark
from pvc_drivers.patience import Patient


@dataclass(frozen=True)
class Disk:
    """A block device; `traces` would be lost, `holders` use it right now. In words."""

    device: str
    size: int
    traces: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()


class Disks(Patient, Protocol):
    """Calls may take minutes: they belong into a work. One at a time; StorageUnavailable while another is
    under way on that node, also one whose caller has died."""

    def look(self, device: str) -> Disk:
        """Raises NotFound for what is no block device."""

    def osd_on(self, device: str) -> OsdMark | None:
        """Which OSD it was made, whole or half; that may be of another cluster, or have another disk now."""

    def wipe(self, device: str) -> None:
        """So that nothing is found on it any more."""

    def make_osd(self, device: str, device_class: str | None, osd: int | None = None) -> int:
        """Its number, which may be that of one that was destroyed; raises StorageRefused with the program's
        own words."""

    def forget_osd(self, osd: int) -> None:
        """What the node keeps of an OSD that has lost its disk: so that it is not started with it again, and
        does not stand in the way of the next. Nothing if there is nothing."""

    def start_osd(self, osd: int) -> None:
        """And see to it that it is started at every boot, where there is something that does that.

        Nothing if it runs already.
        """
