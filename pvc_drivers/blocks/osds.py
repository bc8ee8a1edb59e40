"""What PVC asks of the block storage about OSDs, and before a node of the storage goes down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pvc_core.model.storage import Monitor


class OsdChanges(Protocol):
    def flags(self) -> list[str]:
        """Those that hold for all OSDs, by name."""

    def set_flag(self, flag: str) -> None: ...

    def unset_flag(self, flag: str) -> None: ...

    def put_in(self, osd: int) -> None:
        """Data are placed on it."""

    def take_out(self, osd: int) -> None:
        """Its data are placed elsewhere; it goes on running."""

    def why_not_destroy(self, osd: int) -> str:
        """What would be lost with it; empty if nothing."""

    def stop_osd(self, osd: int) -> None:
        """It is told to end; nothing if it does not run."""

    def destroy_osd(self, osd: int) -> None:
        """What it had is given up, its key with it; its number and its place are kept.

        Nothing if it is so already, or if nobody knows of it; StorageRefused while it is up.
        """

    def keep_place(self, osd: int, host: str, weight: float, device_class: str) -> None:
        """One that is not known any more is as if it had been destroyed; what is there of it is completed."""

    def purge_osd(self, osd: int) -> None:
        """Nobody knows of it any more; nothing if nobody does already. It must be down."""


class Gates(Protocol):
    """What has to be known, and held, before a node of the storage goes down for a while."""

    def monitors(self) -> list[Monitor]:
        """By name; those that are down too."""

    def why_not_stop(self, osds: Sequence[int], monitors: Sequence[str]) -> list[str]:
        """What would be lost if all of these were stopped now; empty if nothing."""

    def hold_osds(self, host: str) -> None:
        """While OSDs of that host are down, their data are not rebuilt elsewhere: `noout`, for them alone.

        Nothing if it is so already.
        """

    def release_osds(self, host: str) -> None:
        """Nothing if they are not held."""

    def held_hosts(self) -> list[str]:
        """By name."""
