"""Work that takes longer than a step may, each in a thread of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from pvc_core.errors import InternalFault, PvcError
from pvc_core.model.job import Progress
from pvc_tasks.ports import Act, LiveProgress, WorkEnd
from pvc_tasks.working import WorkStopped

log = logging.getLogger(__name__)

PUBLISH_S = 0.5


@dataclass(eq=False)
class Running:
    """One work under way; obeys `Work`."""

    job: str
    live: LiveProgress
    forsaken: Callable[[], bool]
    """Whether somebody else may be at it by now."""
    ended: Event = field(default_factory=Event)
    awaited: bool = True
    """Whoever began it waits for its end, and is not woken for it: to look again at once would be in vain."""
    end: WorkEnd | None = None
    began: float = field(default_factory=time.monotonic)
    first: int | None = None
    last: int = 0
    moved: float = field(default_factory=time.monotonic)
    told: float = 0.0
    stopped_at: float | None = None
    """When it was asked to end."""

    def stop(self) -> None:
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()

    def check(self) -> None:
        if self.stopped_at is not None:
            raise WorkStopped("the work was asked to end")
        if self.forsaken():
            raise WorkStopped("ZooKeeper cannot be reached: somebody else may take the task over")

    def tell(self, done: int, total: int) -> None:
        self.check()
        now = time.monotonic()
        if self.first is None:
            self.first = done
        if done != self.last:
            self.last, self.moved = done, now
        if now - self.told < PUBLISH_S:
            return
        self.told = now
        self.live.publish(self.job, self._progress(done, total, now - self.began))

    def _progress(self, done: int, total: int, seconds: float) -> Progress:
        """What an earlier attempt had done already says nothing about the speed."""
        rate = int((done - (self.first or 0)) / seconds) if seconds > 0 else 0
        eta = (total - done) / rate if rate > 0 and total else None
        return Progress(bytes_done=done, bytes_total=total, bytes_per_s=rate, eta_s=eta)


class ThreadWorks:
    """Obeys `Works`."""

    def __init__(
        self,
        live: LiveProgress,
        wake: Callable[[str], None],
        forsaken: Callable[[], bool] = lambda: False,
    ) -> None:
        self._live, self._wake, self._forsaken = live, wake, forsaken
        self._guard = Lock()
        self._works: dict[str, Running] = {}

    def begin(self, job: str, act: Act, within_s: float) -> WorkEnd | None:
        with self._guard:
            if job in self._works:
                return self._works[job].end
            running = Running(job, self._live, self._forsaken)
            Thread(target=self._carry_out, args=(running, act), name=f"work {job}", daemon=True).start()
            # Not before: a system that gives no thread would leave one that never ends.
            self._works[job] = running
        running.ended.wait(within_s)
        with self._guard:
            running.awaited = False
            return running.end

    def busy(self, job: str) -> bool:
        with self._guard:
            found = self._works.get(job)
        return found is not None and found.end is None

    def end_of(self, job: str) -> WorkEnd | None:
        with self._guard:
            found = self._works.get(job)
        return None if found is None else found.end

    def still_s(self, job: str) -> float | None:
        with self._guard:
            found = self._works.get(job)
        return None if found is None or found.end is not None else time.monotonic() - found.moved

    def stop(self, job: str) -> None:
        with self._guard:
            found = self._works.get(job)
        if found is not None:
            found.stop()

    def stop_all(self) -> None:
        """Somebody else may take these jobs over from now on."""
        with self._guard:
            for running in self._works.values():
                running.stop()

    def known(self) -> frozenset[str]:
        """The jobs whose work is under way, or has an end that is not forgotten."""
        with self._guard:
            return frozenset(self._works)

    def overdue(self, limit_s: float) -> str | None:
        """A job whose work goes on although it was asked to end longer ago than that."""
        latest = time.monotonic() - limit_s
        with self._guard:
            under_way = [running for running in self._works.values() if running.end is None]
        return next((one.job for one in under_way if one.stopped_at and one.stopped_at < latest), None)

    def forget(self, job: str) -> None:
        with self._guard:
            found = self._works.get(job)
            if found is not None and found.end is not None:
                del self._works[job]

    def _carry_out(self, running: Running, act: Act) -> None:
        end = _made(running, act)
        with self._guard:
            running.end = end
            running.ended.set()
            awaited = running.awaited
        if not awaited:
            self._wake(running.job)


def _made(running: Running, act: Act) -> WorkEnd:
    try:
        return WorkEnd(act(running))
    except PvcError as error:
        return WorkEnd(error=error)
    except Exception as error:
        log.exception("task %s: unforeseen error in its work", running.job)
        return WorkEnd(error=InternalFault(f"its work met an unforeseen error: {type(error).__name__}"))
