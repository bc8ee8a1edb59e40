"""Finding the jobs that nothing else has woken: what makes Redis expendable."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pvc_core.model.job import Job
from pvc_core.store import tree
from pvc_core.store.documents import Store


def load_unfinished(store: Store, queues: Iterable[str], at_work: Collection[str]) -> list[Job]:
    """Those of some queues that are not at work; of an idle queue, in one read."""
    names = store.names_many([tree.queue_path(queue) for queue in queues])
    refs = [tree.job_ref(job) for jobs in names for job in jobs if job not in at_work]
    found = store.load_present(refs) if refs else []
    return [seen.value for seen in found if not seen.value.state.finished]


def find_orphans(store: Store, jobs: Sequence[Job]) -> list[Job]:
    """Whose parent has ended, and whom nobody has asked to: whoever ended it died before it could."""
    children = [job for job in jobs if job.parent is not None and job.cancel is None]
    alive = {job.id for job in jobs}
    unknown = sorted({job.parent for job in children if job.parent} - alive)
    if unknown:
        parents = store.load_present([tree.job_ref(parent) for parent in unknown])
        alive |= {seen.value.id for seen in parents if not seen.value.state.finished}
    return [job for job in children if job.parent not in alive]
