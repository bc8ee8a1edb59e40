"""Adding up the progress of migrations under way."""

from __future__ import annotations

from collections.abc import Iterable

from pvc_core.model.job import Progress


def add_up(own: Progress, children: Iterable[Progress]) -> Progress:
    """A parent's progress with the bytes, the speed and the remaining time of its running children."""
    parts = list(children)
    if not parts:
        return own
    left = [part.bytes_total - part.bytes_done for part in parts]
    speed = sum(part.bytes_per_s for part in parts)
    return own.but(
        bytes_done=sum(part.bytes_done for part in parts),
        bytes_total=sum(part.bytes_total for part in parts),
        bytes_per_s=speed,
        eta_s=max(0, sum(left)) / speed if speed else None,
    )
