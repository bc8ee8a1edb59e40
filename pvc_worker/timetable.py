"""When which job is to be woken."""

from __future__ import annotations

import heapq


class Timetable:
    """Only the earliest time of a job is kept: looking once is enough to set the next."""

    def __init__(self) -> None:
        self._times: list[tuple[float, str]] = []
        self._set: dict[str, float] = {}

    def put(self, job: str, moment: float) -> bool:
        """Whether that changed anything."""
        if moment >= self._set.get(job, float("inf")):
            return False
        self._set[job] = moment
        heapq.heappush(self._times, (moment, job))
        return True

    def take_due(self, now: float) -> list[str]:
        due = []
        while self._times and self._times[0][0] <= now:
            moment, job = heapq.heappop(self._times)
            if self._set.get(job) == moment:
                del self._set[job]
                due.append(job)
        return due

    @property
    def next_at(self) -> float | None:
        return self._times[0][0] if self._times else None
