"""The slots in which this process takes the steps of its jobs.

Everything that wakes a job ends here: Celery's hints, the sweep, timers, libvirt's events. A job is at
work at most once at a time; being woken meanwhile means one more look afterwards, so no wake-up is lost.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock

from pvc_core.errors import PvcError
from pvc_worker.threads import Pool

log = logging.getLogger(__name__)


class Bench:
    """`advance(job, woken)` is the engine's."""

    def __init__(self, advance: Callable[[str, bool], None], pool: Pool) -> None:
        self._advance, self._pool = advance, pool
        self._guard = Lock()
        self._since: dict[str, float] = {}
        self._again: set[str] = set()
        self._closed = False

    def wake(self, job: str, woken: bool = True) -> None:
        """Look at a job soon, in a slot of its own; from any thread."""
        if not self._closed:
            self._pool.submit(self.work, job, woken)

    def work(self, job: str, woken: bool = True) -> None:
        """Look at a job now, in this thread, unless it is at work already."""
        with self._guard:
            if self._closed:
                return
            if job in self._since:
                self._again.add(job)
                return
            self._since[job] = time.monotonic()
        try:
            self._work(job, woken)
        finally:
            with self._guard:
                self._since.pop(job, None)
                missed = job in self._again
                self._again.discard(job)
        if missed:
            self.wake(job)

    def _work(self, job: str, woken: bool) -> None:
        try:
            self._advance(job, woken)
        except PvcError as error:
            log.warning("task %s: %s; a later sweep looks again", job, error.message)
        except Exception:
            log.exception("task %s: unforeseen error; a later sweep looks again", job)

    def at_work(self) -> frozenset[str]:
        with self._guard:
            return frozenset(self._since)

    def stepping(self, job: str) -> None:
        """Its next step begins: what is bounded in time is one step, not all that one look comes to."""
        with self._guard:
            if job in self._since:
                self._since[job] = time.monotonic()

    def overdue(self, limit_s: float) -> str | None:
        """A job whose present step has taken longer than that."""
        with self._guard:
            latest = time.monotonic() - limit_s
            return next((job for job, since in self._since.items() if since < latest), None)

    def close(self, patience_s: float) -> bool:
        """Take no new work, and wait for the steps under way; False when some did not end in time."""
        with self._guard:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + patience_s
        while self.at_work() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.at_work()
