"""A small thread that rings bells, so that they may use the home and never hold up kazoo's threads."""

from __future__ import annotations

import logging
from queue import SimpleQueue
from threading import Lock, Thread

from pvc_core.store.port import Bell

log = logging.getLogger(__name__)


class Ringer:
    """Rings in the order it was asked to; its thread starts with the first bell, so a fork before is safe."""

    def __init__(self) -> None:
        self._due: SimpleQueue[Bell | None] = SimpleQueue()
        self._lock = Lock()
        self._started = False

    def ring(self, bell: Bell) -> None:
        self._due.put(bell)
        with self._lock:
            started, self._started = self._started, True
        if not started:
            Thread(target=self._work, name="store-bells", daemon=True).start()

    def stop(self) -> None:
        """What is due already is still rung."""
        self._due.put(None)

    def _work(self) -> None:
        while (bell := self._due.get()) is not None:
            try:
                bell()
            except Exception:
                log.exception("a bell failed")
