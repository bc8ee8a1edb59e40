"""What the operations on nodes share."""

from __future__ import annotations

from pvc_core.model.node import Maintenance, NodeSpec, NodeState
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.port import Op
from pvc_tasks.operations.common import bump_placement, bump_placement_now

FLUSH_LOCK = "flush"
"""Cluster-wide: one flush or unflush at a time."""


def plan_node_state(
    store: Store,
    node: str,
    state: NodeState,
    job: str,
    now: float,
    placement: int | None = None,
    only_if_by: str | None = None,
    maintained: bool | None = None,
) -> tuple[Op, ...]:
    """Open or close a node, and make every placement planned before invalid.

    With `placement`, only if nothing was placed since that version; with `only_if_by`, only if the node's
    present state is that job's doing; with `maintained`, it is in maintenance, or not, from now on.
    """
    seen = store.load(tree.node_spec(node))
    if only_if_by is not None and seen.value.state_job != only_if_by:
        return ()
    spec: NodeSpec = seen.value.but(state=state, state_job=job, state_since=now)
    if maintained is not None and maintained is not (spec.maintenance is not None):
        spec = spec.but(maintenance=Maintenance(job=job, since=now) if maintained else None)
    bump = bump_placement_now(store, job) if placement is None else bump_placement(placement, job)
    return (seen.save(spec), bump)


def plan_turn(store: Store, node: str) -> tuple[Op, ...]:
    """Writes the node's record as it is: no other request about it was accepted since it was read here."""
    seen = store.load(tree.node_spec(node))
    return (seen.save(seen.value),)


def unfinished_of(store: Store, node: str, operation: str) -> tuple[str, ...]:
    """The unfinished jobs of an operation on a node's queue that are about that node."""
    names = store.names(tree.queue_path(tree.node_queue(node)))
    jobs = store.load_present([tree.job_ref(name) for name in names])
    return tuple(
        job.value.id
        for job in jobs
        if job.value.operation == operation
        and f"node:{node}" in job.value.objects
        and not job.value.state.finished
    )
