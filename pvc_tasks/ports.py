"""What the job engine needs of the world besides the store and the hypervisor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pvc_core.errors import PvcError
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


@dataclass(frozen=True)
class WorkEnd:
    """What became of a long work: its result, or why there is none."""

    result: Mapping[str, Any] = field(default_factory=dict)
    error: PvcError | None = None


class Work(Protocol):
    """What a long work is given."""

    def tell(self, done: int, total: int) -> None:
        """Publish how many bytes are done; raises WorkStopped once it shall end."""

    def check(self) -> None:
        """Raises WorkStopped once it shall end."""


Act = Callable[[Work], Mapping[str, Any]]


class Works(Protocol):
    """Work that takes longer than a step may: one thread for each, in the process that began it.

    It dies with its process, and is asked to end when the process loses its session.
    """

    def begin(self, job: str, act: Act, within_s: float) -> WorkEnd | None:
        """Its end, if it comes within that; else the job is woken when it ends.

        Nothing is begun while that job's work is under way, or its end is not forgotten.
        """

    def busy(self, job: str) -> bool: ...

    def end_of(self, job: str) -> WorkEnd | None:
        """None as long as it is under way, and when there is none."""

    def still_s(self, job: str) -> float | None:
        """How long ago it told something new, or began; None where none is under way."""

    def stop(self, job: str) -> None:
        """Ask it to end; `busy` tells when it has."""

    def forget(self, job: str) -> None:
        """What has ended; the next `begin` begins anew."""
