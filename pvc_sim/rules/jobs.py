"""Nothing accepted is lost, nothing ends twice, nothing is stuck in silence."""

from __future__ import annotations

from collections.abc import Sequence

from pvc_core.decide.explain import explain
from pvc_core.model.job import Job, JobState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.store import tree
from pvc_core.store.port import Create, Op, Put
from pvc_sim.breach import Breach
from pvc_sim.mirror import Change, Mirror

OPPOSITES = {FlushNode.name: ReadyNode.name, ReadyNode.name: FlushNode.name}


def check_job(mirror: Mirror, change: Change) -> None:
    before: Job | None = change.before
    after: Job | None = change.after
    if after is None:
        return check_forgotten(change.key, before)
    if before is not None and before.state.finished:
        raise Breach("a job ends once", f"{after.id} was {before.state} and is written again: {after.state}")
    if after.state.finished:
        return check_settled(mirror, after)
    check_findable(mirror, after)
    check_reason(mirror, after)
    check_alone(mirror, after)
    check_superseded(mirror, after)


def find_unclaimed(mirror: Mirror, job: str | None, ops: Sequence[Op]) -> str | None:
    """The job, if this writes its record while nobody has a claim on it."""
    if job is None:
        return None
    record, claim = tree.job_ref(job).path, tree.claim_ref(job).path
    writes = any(isinstance(op, Put) and op.path == record for op in ops)
    claims = any(isinstance(op, Create) and op.path == claim for op in ops)
    return job if writes and not claims and not mirror.has(claim) else None


def check_claimed(unclaimed: str | None, worker: str) -> None:
    if unclaimed is not None:
        raise Breach("a step has a claim", f"{worker} wrote {unclaimed} without a claim on it")


def check_forgotten(job: str, before: Job | None) -> None:
    if before is not None and not before.state.finished:
        raise Breach("no job is lost", f"{job} was {before.state} and is gone from the tree")


def check_superseded(mirror: Mirror, job: Job) -> None:
    """Of two opposite requests the later one counts, from the commit on that accepts it."""
    if job.operation not in OPPOSITES or job.cancel is not None:
        return
    for other in mirror.jobs.values():
        opposite = other.operation == OPPOSITES[job.operation] and other.objects == job.objects
        if opposite and other.cancel is None and not other.state.finished:
            raise Breach("the last request counts", f"{other.id} and {job.id} are at work on {job.about}")


def check_findable(mirror: Mirror, job: Job) -> None:
    """The sweep reads this index, and nothing else."""
    if not mirror.has(f"{tree.queue_path(job.queue)}/{job.id}"):
        raise Breach("no job is lost", f"{job.id} is {job.state} and not in the queue {job.queue}")


def check_settled(mirror: Mirror, job: Job) -> None:
    if mirror.has(f"{tree.queue_path(job.queue)}/{job.id}"):
        raise Breach("a job ends once", f"{job.id} is {job.state} and still in the queue {job.queue}")
    if job.state is JobState.FAILED and job.error is None:
        raise Breach("no job is silent", f"{job.id} failed without an error")


def check_reason(mirror: Mirror, job: Job) -> None:
    """It says what it waits for, on whom, and until when at most."""
    workers = {node for node in mirror.nodes if mirror.has(tree.node_worker(node).path)}
    shown = explain(job, workers)
    waiting = shown.waiting
    if shown.deadline <= job.created:
        raise Breach("no job is silent", f"{job.id} has no deadline")
    if waiting is not None:
        if not waiting.text or not waiting.on or waiting.deadline is None:
            raise Breach("no job is silent", f"{job.id} waits for {waiting.on!r}: {waiting.text!r}")
    elif job.state is JobState.WAITING or not (job.worker or job.text):
        raise Breach("no job is silent", f"{job.id} is {job.state} and says nothing")


def check_alone(mirror: Mirror, job: Job) -> None:
    """A parent has at most one unfinished child for each of its VMs."""
    if job.parent is None:
        return
    twins = [
        other.id
        for name in mirror.names(tree.parent_path(job.parent))
        if (other := mirror.jobs[name]).objects == job.objects and not other.state.finished
    ]
    if len(twins) > 1:
        raise Breach("nothing is done twice", f"{' and '.join(twins)} are at work on {job.objects[0]}")
