"""How one step of a job can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pvc_core.errors import PvcError
from pvc_core.model.job import JobState, WaitKind
from pvc_core.store.port import Op


@dataclass(frozen=True)
class Again:
    """Take the next step at once."""


@dataclass(frozen=True)
class Hold:
    """Something is under way outside (a migration, a guest powering off); the job stays `running`.

    It is woken by that, looked at by every sweep, and at `until` when given.
    """

    until: float | None = None


@dataclass(frozen=True)
class Wait:
    """Nothing can be done before something else happens; the record says what."""

    kind: WaitKind
    on: str
    text: str
    until: float | None = None
    deadline: float | None = None
    position: int | None = None
    others_first: bool = False


@dataclass(frozen=True)
class Reroute:
    """The job belongs to another queue (its VM is elsewhere by now)."""

    queue: str
    text: str


@dataclass(frozen=True)
class Done:
    """The job has ended as asked, or in part."""

    text: str
    result: Mapping[str, Any] = field(default_factory=dict)
    state: JobState = JobState.SUCCEEDED
    ops: tuple[Op, ...] = ()


@dataclass(frozen=True)
class Fail:
    """The job cannot do what was asked; `ops` leave the records true."""

    error: PvcError
    ops: tuple[Op, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rest:
    """Answer to a cancel or a passed deadline: nothing is under way any more; what the end looks like."""

    text: str
    ops: tuple[Op, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)


Outcome = Again | Hold | Wait | Reroute | Done | Fail | Rest
