"""Snapshots of VMs: all disks as they were at one moment, with what the VM was by its definition."""

from __future__ import annotations

from enum import StrEnum

from pvc_core.model.metadata import Metadata, Tagged
from pvc_core.model.record import Record

MOST_SNAPSHOTS = 32
"""Of one VM."""


class SnapshotState(StrEnum):
    MAKING = "making"
    """Begun; if no task is at work on it, what there is of it is good for nothing but removal."""
    WHOLE = "whole"
    REMOVING = "removing"
    """Begun; part of it may be gone."""


class Consistency(StrEnum):
    """How it was seen to that nothing was written while it was made."""

    AGENT = "agent"
    """The agent in the guest held its file systems."""
    PAUSE = "pause"
    """The guest stood still: its disks are as after a power cut at that moment."""
    OFF = "off"
    """It did not run."""


class SnapshotDisk(Record):
    """One volume of the VM, and which snapshot of it this is. Bytes."""

    pool: str
    volume: str
    snapshot: str
    size: int = 0

    @property
    def path(self) -> str:
        return f"{self.pool}/{self.volume}"


class SavedMetadata(Tagged, Metadata, Record):
    """All that an admin had said about the VM."""


class VmSnapshot(Record):
    """A snapshot's record; the definition is beside it, for it may be long."""

    name: str
    created: float
    """When the guest was held; when it was begun, until then."""
    state: SnapshotState = SnapshotState.MAKING
    disks: tuple[SnapshotDisk, ...] = ()
    consistent: Consistency | None = None
    pause_ms: int | None = None
    """How long its guest was held; none where it did not run."""
    metadata: SavedMetadata = SavedMetadata()
    job: str = ""
    """Who made it."""


class DiskChange(Record):
    """A disk between two moments. Bytes."""

    disk: str
    change: str
    """`same`, `added`, `removed`"""
    changed: int | None = None
    """How much was written since, in whole objects; none where that cannot be told cheaply."""


class MetadataChange(Record):
    """A field that differs, in words: then, and later."""

    field: str
    before: str
    after: str


class VmSnapshotDiff(Record):
    """What differs between a snapshot and a later one, or now."""

    vm: str
    snapshot: str
    other: str
    """The other snapshot; empty for now."""
    xml: tuple[str, ...] = ()
    """The lines of the definition that differ, as diff writes them."""
    metadata: tuple[MetadataChange, ...] = ()
    disks: tuple[DiskChange, ...] = ()
