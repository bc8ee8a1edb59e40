"""Whether a sweep should look at a job, and what an unfinished job really waits for."""

from __future__ import annotations

from pvc_core.model.job import Job, JobState


def is_due(job: Job, now: float) -> bool:
    """Anything unfinished may be looked at, except what waits for a time that has not come."""
    if job.state.finished:
        return False
    if job.cancel is not None or now >= job.deadline or job.state is not JobState.WAITING:
        return True
    return job.waiting is None or job.waiting.until is None or now >= job.waiting.until
