"""Colours that mean something."""

from __future__ import annotations

import click

COLOURS = {
    **dict.fromkeys(("ready", "ok", "running", "succeeded", "start"), "green"),
    **dict.fromkeys(
        ("flushing", "readying", "queued", "waiting", "cancelling", "partial", "degraded"), "yellow"
    ),
    **dict.fromkeys(("dead", "failed", "critical", "crashed", "no hypervisor", "no worker"), "red"),
    **dict.fromkeys(("flushed", "off", "stop", "cancelled", "disable"), "bright_black"),
}


def paint(text: str, padded: str = "") -> str:
    """Coloured by its meaning, if it has one."""
    colour = COLOURS.get(text)
    return click.style(padded or text, fg=colour) if colour else padded or text
