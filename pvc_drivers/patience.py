"""How long a port may keep whoever calls it."""

from __future__ import annotations

from typing import Protocol


class Patient(Protocol):
    """A port whose calls have a time limit, where it does not say otherwise."""

    @property
    def patience_s(self) -> float:
        """What the slowest of them may take."""
