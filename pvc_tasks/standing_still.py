"""Long work that gets no further: since when, and whether its pool has no room, is said of its job."""

from __future__ import annotations

from datetime import UTC, datetime

from pvc_core.decide.storage_room import describe_full
from pvc_core.errors import StorageUnavailable
from pvc_tasks.context import Context

STILL_S = 60.0
SLOWEST = 10 << 20
"""Bytes per second that count as getting further, where only every hundredth is told."""


def show_standstill(ctx: Context, text: str, pool: str, size: int) -> None:
    """For a program that waits in silence for room, or for its storage; `text` is what is said of it else.

    Only the process that does the work can tell.
    """
    still = ctx.me.works.still_s(ctx.job.id)
    if still is None:
        return
    since = ctx.job.notes.get("still_since")
    why = _find_reason(ctx, pool, patient=still < size / 100 / SLOWEST) if still >= STILL_S else None
    if why is None and since is not None:
        ctx.remember(still_since=None)
        ctx.log(text)
    elif why is not None:
        since = since or ctx.now - still
        ctx.remember(still_since=since)
        ctx.log(f"{text}: no progress since {datetime.fromtimestamp(since, UTC):%H:%M:%S} UTC{why}")


def _find_reason(ctx: Context, pool: str, patient: bool) -> str | None:
    """Empty if none is known; None while there may be nothing wrong."""
    try:
        use = next((use for use in ctx.world.blocks.util().pools if use.name == pool), None)
    except StorageUnavailable as error:
        return f"; {error.message}"
    full = describe_full(use) if use is not None else f"there is no pool {pool}"
    if full:
        return f"; {full}"
    return None if patient else ""
