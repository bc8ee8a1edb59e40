"""A lock that belongs to a job, and the jobs that wait for it in line."""

from __future__ import annotations

from pvc_core.model.names import JobId
from pvc_core.model.record import Record


class LockRecord(Record):
    owner: JobId | None = None
    since: float = 0.0
    """When the owner got it, Unix time; for people."""
    waiters: tuple[JobId, ...] = ()
    """In the order they will get it."""

    @property
    def line(self) -> tuple[str, ...]:
        """The owner and everybody behind it."""
        return self.waiters if self.owner is None else (self.owner, *self.waiters)
