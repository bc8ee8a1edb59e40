"""What PVC asks of its block storage about what is on volumes: a part of the port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from pvc_core.model.image_format import ImageFormat

if TYPE_CHECKING:
    from pvc_drivers.blocks.port import Tell

Extent = tuple[int, int]
"""Offset, and how many bytes."""


class Sink(Protocol):
    """A volume that is written from one end to the other."""

    @property
    def kept(self) -> int:
        """All before this offset is safe, whatever dies."""

    def write(self, data: bytes) -> None:
        """The next part; waits while too much is under way. Raises StorageUnavailable, StorageRefused."""

    def finish(self) -> None:
        """All that was written is safe."""


class Source(Protocol):
    """A volume, or one of its snapshots, to be read."""

    size: int

    def extents(self) -> list[Extent]:
        """What may hold anything but zeros, in order."""

    def read(self, parts: Iterable[Extent]) -> Iterator[bytes]:
        """These, one after the other; a part beyond the end reads as zeros."""


class Content(Protocol):
    def writing(self, pool: str, volume: str, offset: int) -> AbstractContextManager[Sink]:
        """Whoever writes is one of the volume's watchers."""

    def reading(self, pool: str, volume: str, snapshot: str = "") -> AbstractContextManager[Source]: ...

    def inspect(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        """What `qemu-img info` says of the image that is on it; not bounded by the port's time limit."""

    def find_faults(self, pool: str, volume: str, form: ImageFormat) -> Mapping[str, Any]:
        """What `qemu-img check` says of it; likewise."""

    def convert(self, pool: str, volume: str, form: ImageFormat, target: str, tell: Tell) -> None:
        """Write the disk of the image that is on it to another volume, an empty one; ends when `tell` raises.

        What the image refers to is never followed.
        """
