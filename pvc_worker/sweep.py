"""Finding the jobs that nothing else has woken: what makes Redis expendable."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pvc_core.decide.due import is_due
from pvc_core.store import tree
from pvc_core.store.documents import Store


def find_due(
    store: Store, queues: Iterable[str], at_work: Collection[str], now: float, node: str
) -> list[str]:
    """The unfinished jobs of some queues that a node may look at; of an idle queue, in one read."""
    names = store.names_many([tree.queue_path(queue) for queue in queues])
    waiting = [tree.job_ref(job) for jobs in names for job in jobs if job not in at_work]
    if not waiting:
        return []
    return [seen.value.id for seen in store.load_present(waiting) if is_due(seen.value, now, node)]
