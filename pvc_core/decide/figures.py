"""Figures in the sentences of decisions."""

from __future__ import annotations


def in_words(count: float) -> str:
    """Of bytes: `9.5 MiB`, `1.2 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if count >= 100 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
