"""What an unfinished job waits for, and until when, where its record cannot say it itself."""

from __future__ import annotations

from collections.abc import Collection

from pvc_core.model.job import Job, JobState, WaitingFor


def explain(job: Job, workers: Collection[str]) -> Job:
    """The job with a `waiting` that is true now, given the nodes that have a worker."""
    if job.state.finished:
        return job
    if not job.queue.startswith("node."):
        return _waits_for_anybody(job) if _is_unseen(job) else job
    node = job.queue.removeprefix("node.")
    if node not in workers:
        return _waits_for_worker(job, node)
    if _is_unseen(job):
        text = f"waits for the worker of {node} to look at it"
        return job.but(waiting=_waiting(job, node, text))
    return _given_up_at(job)


def _is_unseen(job: Job) -> bool:
    """No worker of its queue has looked at it yet."""
    return job.state is JobState.QUEUED or (job.state is JobState.CANCELLING and not job.worker)


def _given_up_at(job: Job) -> Job:
    """A migration has a deadline of its own, by its node's clock; of a wrong clock nothing is shown."""
    own = job.notes.get("deadline", job.deadline)
    return job.but(deadline=own) if job.created < own < job.deadline else job


def _waits_for_anybody(job: Job) -> Job:
    text = "waits for the worker of a coordinator to look at it"
    return job.but(waiting=_waiting(job, "coordinators", text))


def _waits_for_worker(job: Job, node: str) -> Job:
    text = f"the worker of {node} is not there; the task goes on when it is back"
    if job.begun:
        text += f" (it was at: {job.text})"
    return job.but(waiting=_waiting(job, node, text))


def _waiting(job: Job, node: str, text: str) -> WaitingFor:
    return WaitingFor(kind="node", on=node, text=text, since=job.created, deadline=job.deadline)
