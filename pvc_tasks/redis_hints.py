"""Hints over Celery and Redis, published by a thread of their own: nobody ever waits for Redis."""

from __future__ import annotations

import logging
from queue import Empty, Full, Queue
from threading import Lock, Thread

from pvc_core.config import RedisSection
from pvc_tasks.celery_app import PUBLISH_TIMEOUT_S, make_app

log = logging.getLogger(__name__)

BACKLOG = 1000
"""Hints that wait while Redis does not answer; the sweep makes up for those beyond."""

Hint = tuple[str, str, str]


class RedisHints:
    """Connects, and starts its thread, with the first hint: safe before a fork."""

    def __init__(self, redis: RedisSection, password: str) -> None:
        self._app = make_app(redis, password, PUBLISH_TIMEOUT_S)
        self._queue: Queue[Hint] = Queue(BACKLOG)
        self._guard = Lock()
        self._thread: Thread | None = None

    def ring(self, job: str, queue: str, operation: str) -> None:
        with self._guard:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="hints", daemon=True)
                self._thread.start()
        try:
            self._queue.put_nowait((job, queue, operation))
        except Full:
            log.debug("no room for the hint of task %s; the sweep finds it", job)

    def _run(self) -> None:
        while True:
            self._publish(self._queue.get())

    def _publish(self, hint: Hint) -> None:
        job, queue, operation = hint
        try:
            self._app.send_task(operation, args=[job], queue=queue, ignore_result=True, retry=False)
        except Exception as error:
            log.info("Redis takes no hints (%s); the sweep finds task %s", type(error).__name__, job)
            self._forget_backlog()

    def _forget_backlog(self) -> None:
        """What waited behind a dead Redis is older than a sweep by the time it would arrive."""
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            return
