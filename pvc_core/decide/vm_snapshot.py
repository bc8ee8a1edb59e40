"""Snapshots of VMs: which volumes they are of, how these are named, what a VM is after a rollback."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import unified_diff

from pvc_core.decide.snapshot_names import OF_VM
from pvc_core.errors import AlreadyExists, Conflict, WrongState
from pvc_core.model.metadata import Metadata, Tagged
from pvc_core.model.names import VOLUME_NAME_PATTERN
from pvc_core.model.vm import VmSpec
from pvc_core.model.vm_snapshot import (
    MOST_SNAPSHOTS,
    MetadataChange,
    SavedMetadata,
    SnapshotDisk,
    SnapshotState,
    VmSnapshot,
)

FIELDS = (*Metadata.model_fields, *Tagged.model_fields)
MOST_TRIES = 3
MOST_LINES = 500
"""Of a definition's difference."""


class TooManySnapshots(Conflict):
    code = "TOO_MANY_SNAPSHOTS"


class NoVolume(Conflict):
    """A disk that is not POOL/VOLUME."""

    code = "NO_VOLUME"


class SnapshotNotWhole(WrongState):
    code = "SNAPSHOT_NOT_WHOLE"


def name_by_time(job: str, known: Collection[str]) -> str:
    """When its task was asked for; of several within a second, the later ones have all of the task's name."""
    return job[:24] if job[:15] in known else job[:15]


def check_room(vm: VmSpec, known: Collection[str], name: str | None) -> None:
    """Raises AlreadyExists or TooManySnapshots."""
    if name is not None and name in known:
        raise AlreadyExists(f"{vm.name} has a snapshot {name} already")
    if len(known) >= MOST_SNAPSHOTS:
        raise TooManySnapshots(
            f"{vm.name} has {len(known)} snapshots; {MOST_SNAPSHOTS} are allowed",
            f"Remove one first (pvc vm snapshot list {vm.name}).",
        )


def written_volumes(vm: VmSpec, read_only: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Pool and volume of each disk that it, or its guest as it runs, may write to; raises NoVolume."""
    found = tuple(_parted(vm, disk) for disk in vm.held_disks if disk not in read_only)
    if not found:
        raise NoVolume(
            f"{vm.name} has no disk in the storage", f"Keep its definition by hand: pvc vm dump {vm.name}"
        )
    return found


def _parted(vm: VmSpec, disk: str) -> tuple[str, str]:
    pool, slash, volume = disk.partition("/")
    if not slash or not all(re.fullmatch(VOLUME_NAME_PATTERN, part) for part in (pool, volume)):
        raise NoVolume(f"the disk {disk!r} of {vm.name} is not named POOL/VOLUME; it cannot be kept")
    return pool, volume


def name_disks(
    volumes: Iterable[tuple[str, str]], name: str, job: str, attempt: int
) -> tuple[SnapshotDisk, ...]:
    """Nobody else's, and no other attempt's: what is late from that one cannot pass for this one's."""
    snapshot = f"{OF_VM}{name}.{job[16:24]}{attempt}"
    return tuple(SnapshotDisk(pool=pool, volume=volume, snapshot=snapshot) for pool, volume in volumes)


def names_of_attempts(disk: SnapshotDisk) -> tuple[str, ...]:
    """What this one's, and every other attempt's, may be called."""
    return tuple(f"{disk.snapshot[:-1]}{attempt}" for attempt in range(1, MOST_TRIES + 1))


def saved_metadata(vm: VmSpec) -> SavedMetadata:
    return SavedMetadata.model_validate({name: getattr(vm, name) for name in FIELDS})


def check_whole(vm: VmSpec, snapshot: VmSnapshot) -> None:
    """Raises SnapshotNotWhole."""
    if snapshot.state is not SnapshotState.WHOLE:
        raise SnapshotNotWhole(
            f"snapshot {snapshot.name} of {vm.name} is not whole: its {snapshot.state} was not finished",
            f"Remove it: pvc vm snapshot remove {vm.name} {snapshot.name}",
        )


def diff_lines(before: str, after: str) -> tuple[str, ...]:
    """As diff writes them, without its head."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1))[2:]
    more = len(lines) - MOST_LINES
    return tuple(lines) if more <= 0 else (*lines[:MOST_LINES], f"... and {more} more lines")


def diff_metadata(before: SavedMetadata, after: SavedMetadata) -> tuple[MetadataChange, ...]:
    names = [name for name in FIELDS if getattr(before, name) != getattr(after, name)]
    return tuple(
        MetadataChange(field=name, before=_word(before, name), after=_word(after, name)) for name in names
    )


def _word(of: SavedMetadata, name: str) -> str:
    value = of.model_dump(mode="json")[name]
    if name == "tags":
        return ", ".join(tag["name"] for tag in value)
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
