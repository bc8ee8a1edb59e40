"""The outcome of a step in the words of the record: what the job waits for, or how it has ended."""

from __future__ import annotations

from pvc_core.errors import JobExpired, PvcError
from pvc_core.model.job import Job, JobError, JobState, WaitingFor
from pvc_tasks.outcome import Done, Fail, Rest, Wait
from pvc_tasks.settle import End


def waiting_for(job: Job, wait: Wait, now: float) -> WaitingFor:
    """Since when is kept while it waits for the same."""
    before = job.waiting
    same = before is not None and (before.kind, before.on) == (wait.kind, wait.on)
    return WaitingFor(
        kind=wait.kind,
        on=wait.on,
        text=wait.text,
        since=before.since if before is not None and same else now,
        deadline=wait.deadline or job.deadline,
        until=wait.until,
        position=wait.position,
        others_first=wait.others_first,
    )


def end_of(job: Job, outcome: Done | Fail | Rest) -> End:
    match outcome:
        case Done(text, result, state, ops):
            return End(state, text, result, None, ops)
        case Fail(error, ops, result):
            return End(JobState.FAILED, error.message, result, _job_error(error), ops)
        case Rest(text, ops, result) if job.cancel is not None:
            by = f"cancelled by {job.cancel.actor}"
            return End(JobState.CANCELLED, f"{by}: {text}", result, None, ops)
        case Rest(text, ops, result):
            waited = f" while: {job.text}" if job.text else ""
            expired = JobExpired(f"its deadline passed{waited}; {text}")
            return End(JobState.FAILED, expired.message, result, _job_error(expired), ops)


def _job_error(error: PvcError) -> JobError:
    return JobError.model_validate(error.as_dict())
