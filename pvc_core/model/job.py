"""Jobs: the record of one change, from the request to its proven end. docs/jobs.md draws the states."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pvc_core.model.names import JobId
from pvc_core.model.record import Record

MAX_LOG_LINES = 200
"""Kept in the record; the first lines are dropped, and counted, beyond that."""

MAX_LINE = 500
"""Characters kept of a line: the whole record must fit into one znode."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self in FINISHED


FINISHED = frozenset({JobState.SUCCEEDED, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED})

JOB_FILTERS = (*JobState, "unfinished", "finished")
"""By which jobs are listed."""

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.WAITING, JobState.CANCELLING}) | FINISHED,
    JobState.RUNNING: frozenset({JobState.QUEUED, JobState.WAITING, JobState.CANCELLING}) | FINISHED,
    JobState.WAITING: frozenset({JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING}) | FINISHED,
    JobState.CANCELLING: FINISHED,
    **{state: frozenset() for state in FINISHED},
}
"""What may follow what; drawn in docs/jobs.md, and the simulator sees that it is kept to.

Back to QUEUED: the job went on to another node's queue.
"""

WaitKind = Literal["lock", "child", "capacity", "node", "time"]


class WaitingFor(Record):
    """What an unfinished job waits for. `on` names whom: a job id, a node, a lock's owner."""

    kind: WaitKind
    on: str
    text: str
    since: float
    deadline: float | None = None
    until: float | None = None
    """For kind `time`: not looked at again before."""
    position: int | None = None
    """For kind `lock`: 1 is next in line."""
    others_first: bool = False
    """The node `on` has failed at it, and others may take it: they look again before it does."""


class Progress(Record):
    """How far a job is; bytes, bytes per second, seconds."""

    done: int = 0
    total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    bytes_per_s: int = 0
    dirty_bytes_per_s: int = 0
    """How fast the guest of a migration changes its memory."""
    eta_s: float | None = None
    """None for what is not known, and for a migration that does not converge."""
    phase: str = ""
    """Of a migration: `copying`, `throttled to 60 %`, `post-copy`."""
    text: str = ""


class LogLine(Record):
    at: float
    text: str


class JobError(Record):
    code: str
    message: str
    remedy: str = ""
    details: dict[str, Any] = {}


class CancelRequest(Record):
    actor: str
    at: float
    reason: str = ""


class Job(Record):
    """One change. `fields` are the operation's own, `notes` what its handler must remember."""

    id: JobId
    operation: str
    fields: dict[str, Any]
    actor: str
    source: str = ""
    reason: str = ""
    queue: str
    parent: JobId | None = None
    objects: tuple[str, ...] = ()
    """What it is about, as `node:hv1` or `vm:UUID`; the jobs of an object can be listed."""
    about: str = ""
    """The name of that, as its admin knows it."""
    locks: tuple[str, ...] = ()
    """The locks it takes, in this order, before it begins; released by its end."""
    state: JobState = JobState.QUEUED
    stage: str = ""
    text: str = ""
    """Where it stands, in a sentence."""
    progress: Progress = Progress()
    waiting: WaitingFor | None = None
    epoch: int = 0
    """How often it was claimed."""
    faults: int = 0
    """Steps in a row that ended in an unforeseen error."""
    worker: str = ""
    created: float
    started: float | None = None
    finished: float | None = None
    deadline: float
    cancel: CancelRequest | None = None
    result: dict[str, Any] = {}
    error: JobError | None = None
    notes: dict[str, Any] = {}
    log: tuple[LogLine, ...] = ()
    log_dropped: int = 0
    idempotency: str | None = None

    def logged(self, now: float, text: str) -> Job:
        """With one more log line; the oldest make room, and are counted."""
        lines = (*self.log, LogLine(at=now, text=text[:MAX_LINE]))
        surplus = max(0, len(lines) - MAX_LOG_LINES)
        return self.but(log=lines[surplus:], log_dropped=self.log_dropped + surplus)

    @property
    def begun(self) -> bool:
        """Whether its handler may have acted on anything."""
        return bool(self.stage)


class JobMark(Record):
    """A claim: which process takes the job's next step."""

    worker: str
    session: int
    epoch: int


class IdempotencyMark(Record):
    job: JobId
    asked: str = ""
    """The request as it was made, by its digest: a VM's name may mean another one by now."""


class TokenRecord(Record):
    """An API token, stored under the SHA-256 of its text."""

    name: str
    role: Literal["viewer", "operator", "admin"]
    created: float


class PlacementMark(Record):
    """Rewritten by every commit that moves a VM or opens or closes a node; its version is the point."""

    by: str = ""


class ClusterRecord(Record):
    name: str
    created: float
    pvc_version: str
