"""What the job engine needs of the world besides the store and the hypervisor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pvc_core.model.job import Progress


class Clock(Protocol):
    def now(self) -> float:
        """Unix time in seconds."""


class Hints(Protocol):
    """The broker: "look at this job". Lossy, doubling, late; never waited for."""

    def ring(self, job: str, queue: str, operation: str) -> None: ...


class LiveProgress(Protocol):
    """Progress too fleeting for the store; lost without harm."""

    def publish(self, job: str, progress: Progress) -> None: ...

    def read(self, jobs: Iterable[str]) -> dict[str, Progress]:
        """What is known, within a fraction of a second; nothing when Redis does not answer."""
