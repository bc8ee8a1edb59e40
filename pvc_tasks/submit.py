"""From a request to a job in the store; what makes 202 a promise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pvc_core.model.job import IdempotencyMark, Job
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.port import Create, Op


@dataclass(frozen=True)
class Asker:
    """Who wants something, from where and why."""

    actor: str
    source: str = ""
    reason: str = ""
    idempotency_key: str | None = None


@dataclass(frozen=True)
class NewJob:
    """A job and the operations that create it with all its index entries."""

    job: Job
    ops: tuple[Op, ...]


def plan_job(store: Store, job: Job, asked: str = "") -> NewJob:
    """What creates an unfinished or finished job; parents of index entries are looked up and made.

    `asked` is the digest of what was asked under the job's idempotency key.
    """
    entries = _index_entries(job)
    folders = [entry.path.rpartition("/")[0] for entry in entries]
    ops = [
        tree.job_ref(job.id).create(job),
        *(Create(folder) for folder in _missing(store, folders)),
        *entries,
    ]
    if job.idempotency is not None:
        ops.append(tree.idempotency_ref(job.idempotency).create(IdempotencyMark(job=job.id, asked=asked)))
    return NewJob(job, tuple(ops))


def plan_children(store: Store, jobs: Iterable[Job]) -> list[NewJob]:
    """As `plan_job` for several in one commit: each missing folder is made once."""
    made: set[str] = set()
    planned = []
    for job in jobs:
        new = plan_job(store, job)
        ops = tuple(op for op in new.ops if op.path not in made)
        made.update(op.path for op in ops)
        planned.append(NewJob(job, ops))
    return planned


def _index_entries(job: Job) -> list[Create]:
    entries = [Create(f"{tree.object_path(name)}/{job.id}") for name in job.objects]
    if job.parent is not None:
        entries.append(Create(f"{tree.parent_path(job.parent)}/{job.id}"))
    if not job.state.finished:
        entries.append(Create(f"{tree.queue_path(job.queue)}/{job.id}"))
    return entries


def _missing(store: Store, folders: list[str]) -> list[str]:
    unique = list(dict.fromkeys(folders))
    return [path for path, raw in zip(unique, store.home.read(unique), strict=True) if raw is None]
