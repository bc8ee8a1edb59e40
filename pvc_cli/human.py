"""Figures as people read them."""

from __future__ import annotations

import time


def gib(mib: float) -> str:
    """Of MiB: `512 MiB`, `1.5 GiB`."""
    return f"{mib:.0f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"


def size(count: float) -> str:
    """Of bytes."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def duration(seconds: float) -> str:
    """`12 s`, `3 min`, `2 h`, `5 d`: the largest unit that says something."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (seconds >= length and unit == "min"):
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def age(at: float | None) -> str:
    """Of a Unix time: `3 min ago`."""
    return "never" if not at else f"{duration(time.time() - at)} ago"


def clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def clean(text: str) -> str:
    """Without the control characters that could take over a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
