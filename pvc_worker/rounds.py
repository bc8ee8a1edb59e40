"""A thing done again and again, on a thread of its own, sooner when poked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

from pvc_core.errors import PvcError

log = logging.getLogger(__name__)


class Round:
    """What `act` raises is logged, and the next round follows."""

    def __init__(self, name: str, act: Callable[[], None], interval_s: float) -> None:
        self._name, self._act, self._interval_s = name, act, interval_s
        self._poked = Event()
        self._stopping = False
        self._trouble = ""
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        self._poked.set()

    def stop(self) -> None:
        self._stopping = True
        self._poked.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while not self._stopping:
            self._poked.clear()
            self.once()
            self._poked.wait(self._interval_s)

    def once(self) -> None:
        """A trouble that lasts is logged once, and once more when it is over."""
        try:
            self._act()
        except PvcError as error:
            self._note(error.message)
        except Exception:
            log.exception("%s: unforeseen error", self._name)
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("%s: %s", self._name, trouble or "works again")
        self._trouble = trouble
