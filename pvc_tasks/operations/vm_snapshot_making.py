"""Making and unmaking the snapshots of several volumes, as nearly at once as can be."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field

from pvc_core.decide.vm_snapshot import names_of_attempts
from pvc_core.errors import NotFound, PvcError
from pvc_core.model.vm_snapshot import SnapshotDisk
from pvc_drivers.blocks.port import Blocks

HOLD_S = 5.0
"""The longest that a guest is held for it."""

AT_A_TIME = 8


@dataclass
class Made:
    """What went wrong; and whether the storage is still at something it was asked for."""

    faults: list[PvcError] = field(default_factory=list)
    late: bool = False


def make_all(blocks: Blocks, disks: Sequence[SnapshotDisk], made: Made) -> None:
    """Raises nothing; whoever holds a guest for this wants to know at once."""
    crew = ThreadPoolExecutor(AT_A_TIME, "snapshot")
    calls = [crew.submit(blocks.create_snapshot, one.pool, one.volume, one.snapshot) for one in disks]
    done, late = wait(calls, HOLD_S)
    crew.shutdown(wait=False, cancel_futures=True)
    made.late = bool(late)
    made.faults.extend(fault for call in done if (fault := _fault_of(call)) is not None)


def unmake_all(blocks: Blocks, disks: Sequence[SnapshotDisk]) -> None:
    """Also what an attempt before has left, should it have been done very late."""
    for one in disks:
        for name in names_of_attempts(one):
            with suppress(NotFound):
                blocks.remove_snapshot(one.pool, one.volume, name)


def _fault_of(call: Future[None]) -> PvcError | None:
    error = call.exception()
    if error is None or isinstance(error, PvcError):
        return error
    return PvcError(f"unforeseen: {type(error).__name__}")
