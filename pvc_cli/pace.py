"""How far a file is on its way, shown as a task's progress is."""

from __future__ import annotations

import time

from pvc_cli.display import Display

SHOW_S = 1.0


class Pace:
    def __init__(self, display: Display, state: str, total: int) -> None:
        self._display, self._state, self._total = display, state, total
        self._began = time.monotonic()
        self._first: int | None = None
        self._shown = 0.0

    def tell(self, done: int, trouble: str = "") -> None:
        """`trouble` is what is in the way."""
        now = time.monotonic()
        self._display.trouble(trouble)
        if self._first is None or done < self._first:
            self._first, self._began = done, now
        if now - self._shown < SHOW_S and done < self._total:
            return
        self._shown = now
        rate = int((done - self._first) / max(0.001, now - self._began))
        left = (self._total - done) / rate if rate else None
        progress = {"bytes_done": done, "bytes_total": self._total, "bytes_per_s": rate, "eta_s": left}
        self._display.show(
            {
                "state": self._state,
                "operation": "",
                "stage": "",
                "text": "",
                "log": [],
                "progress": {**progress, "total": 0, "text": ""},
            }
        )
