"""What operations on volumes share: looking, the room of a pool, what a dead process left open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pvc_core.decide.snapshot_names import Tie
from pvc_core.decide.storage_room import NotEnoughSpace, room_of
from pvc_core.decide.storage_room import check_room as check
from pvc_core.errors import AlreadyExists, NotFound, StorageUnavailable, VolumeInUse
from pvc_core.model.storage import VolumeDetail
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.context import Context
from pvc_tasks.outcome import Wait
from pvc_tasks.world import World

RoomCheck = Callable[[World, str, int], None]
"""`check_room`, or `check_room_roughly` for whoever is checked again."""

LET_GO_S = 60.0
"""Ceph forgets a client that died after 30 s."""
SILENT_S = 30.0
"""How long whoever was given up tries to remove what it has made."""
LOOK_AGAIN_S = 2.0
DOOR_AGE_S = 10.0
"""How old what is known of a pool may be when a task is submitted; the task looks again."""


def find_volume(blocks: Blocks, pool: str, volume: str) -> VolumeDetail | None:
    try:
        return blocks.volume(pool, volume)
    except NotFound:
        return None


def check_free(blocks: Blocks, pool: str, volume: str) -> None:
    """Raises AlreadyExists."""
    if find_volume(blocks, pool, volume) is not None:
        raise AlreadyExists(f"there is a volume {pool}/{volume} already")


def check_room(world: World, pool: str, more: int) -> None:
    """Raises NotEnoughSpace, or NotFound for a pool that is not there."""
    _check_room(world, pool, more, age_s=0.0)


def check_room_roughly(world: World, pool: str, more: int) -> None:
    """For whoever is checked again before anything is made: only a refusal looks at all volumes."""
    try:
        _check_room(world, pool, more, DOOR_AGE_S)
    except NotEnoughSpace:
        check_room(world, pool, more)


def _check_room(world: World, pool: str, more: int, age_s: float) -> None:
    promised = world.blocks.promised(pool, age_s)
    use = next((use for use in world.blocks.util().pools if use.name == pool), None)
    if use is None:
        raise NotFound(f"there is no pool {pool}")
    check(room_of(use, promised, world.config.storage.overcommit), more)


def await_let_go(ctx: Context, busy: VolumeInUse) -> Wait:
    """Nobody used it when this job began: a process of its own that died may still be seen.

    Raises `busy` when that has lasted too long.
    """
    until = ctx.job.notes.get("let_go_by")
    if until is None:
        until = ctx.now + LET_GO_S
        ctx.remember(let_go_by=until)
    if ctx.now >= until:
        raise busy
    return Wait("time", "storage", f"{busy.message}; waits for it to be let go", until=ctx.now + LOOK_AGAIN_S)


def await_answer(ctx: Context, silence: StorageUnavailable) -> Wait | None:
    """For a task that was given up, and has something to remove; None once it has tried for long enough."""
    until = ctx.job.notes.get("silent_until")
    if until is None:
        until = ctx.now + SILENT_S
        ctx.remember(silent_until=until)
    if ctx.now >= until:
        return None
    return Wait("time", "storage", f"{silence.message}; trying again", until=ctx.now + LOOK_AGAIN_S)


def still_there(blocks: Blocks, pool: str, volume: str) -> bool | None:
    """None when the storage is silent: who wants to end does not wait for it."""
    try:
        return find_volume(blocks, pool, volume) is not None
    except StorageUnavailable:
        return None


def drop_if_made_for_clone(blocks: Blocks, tie: Tie | None) -> None:
    """The snapshot that was made for a clone goes when no clone needs it any more."""
    if tie is None or not tie.made_for_clone:
        return
    with suppress(NotFound, VolumeInUse):
        if not blocks.clones(tie.pool, tie.volume, tie.snapshot):
            blocks.unprotect_snapshot(tie.pool, tie.volume, tie.snapshot)
            blocks.remove_snapshot(tie.pool, tie.volume, tie.snapshot)
