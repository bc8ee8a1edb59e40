"""Whether a sweep should look at a job, and what an unfinished job really waits for."""

from __future__ import annotations

from pvc_core.model.job import Job, JobState

OTHERS_FIRST_S = 3.0
"""A sweep of the others comes by within that."""


def is_due(job: Job, now: float, node: str) -> bool:
    """Anything unfinished may be looked at by that node, except what waits for a time that has not come."""
    if job.state.finished:
        return False
    if job.cancel is not None or now >= job.deadline or job.state is not JobState.WAITING:
        return True
    if job.waiting is not None and now < job.waiting.since:
        # The clock was set back, or it is another node's: when the time has come, nobody can tell by it.
        return True
    again = look_again_at(job, node)
    return again is None or now >= again


def look_again_at(job: Job, node: str) -> float | None:
    """When that node may look at a waiting job again, if it waits for a time."""
    if job.waiting is None or job.waiting.until is None:
        return None
    late = job.waiting.others_first and job.waiting.on == node
    return job.waiting.until + (OTHERS_FIRST_S if late else 0.0)
