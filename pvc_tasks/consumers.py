"""Whose worker looks at a queue's jobs."""

from __future__ import annotations

from pvc_core.model.job import Job
from pvc_core.store import tree
from pvc_core.store.documents import Store


def workers_there(store: Store, queue: str) -> list[str]:
    """The nodes whose worker looks at that queue and has a session; the cluster's is every coordinator's."""
    nodes = _coordinators(store) if queue == tree.CLUSTER_QUEUE else [queue.removeprefix("node.")]
    marks = store.find_many([tree.node_worker(node) for node in nodes])
    return [node for node, mark in zip(nodes, marks, strict=True) if mark is not None]


def find_worker(store: Store, job: Job) -> str:
    """One that can bring the job to rest, in words: the one that is at work for it, if that is there."""
    there = workers_there(store, job.queue)
    at_work = (job.notes.get("worked_by") or job.worker).split(" ")[0]
    nearest = [at_work] if at_work in there else there[:1]
    return f"the worker of {nearest[0]}" if nearest else ""


def nobody_there(queue: str) -> str:
    if queue == tree.CLUSTER_QUEUE:
        return "every coordinator's worker is gone"
    return f"the worker of {queue.removeprefix('node.')} is gone"


def _coordinators(store: Store) -> list[str]:
    specs = store.load_present([tree.node_spec(name) for name in store.names(tree.NODES)])
    return [seen.value.name for seen in specs if seen.value.coordinator]
