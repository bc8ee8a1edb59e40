"""What must hold whenever nothing is under way, and ways to make a worker die where it hurts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster import ME, DoorCluster

from pvc_core.errors import StoreUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import Operation
from pvc_core.model.vm import Wanted
from pvc_core.store import tree
from pvc_core.store.look import look_at_cluster
from pvc_core.store.port import Op
from pvc_tasks.submit import Asker


def check_sound(cluster: DoorCluster) -> None:
    """Every VM runs where it is recorded and nowhere else; nothing is held, queued or claimed."""
    store = cluster.service.store
    for vm in look_at_cluster(store).vms.values():
        expected = [vm.node] if vm.state is Wanted.START else []
        assert cluster.where(vm.uuid) == expected, vm
        assert (vm.moving_to, vm.moving_job) == (None, None), vm
    assert store.names(tree.LOCKS) == (), [job.log for job in cluster.service.jobs(state="unfinished")]
    for queue in store.names(tree.QUEUES):
        assert store.names(tree.queue_path(queue)) == (), queue
    jobs = store.names(tree.JOBS)
    await_no_claims(cluster, jobs)
    assert len({job.id for job in cluster.ended}) == len(cluster.ended), "a job was audited twice"


def await_no_claims(cluster: DoorCluster, jobs: Sequence[str]) -> None:
    store = cluster.service.store
    cluster.await_true(
        lambda: store.load_present([tree.claim_ref(job) for job in jobs]) == [], "all claims are dropped"
    )


def check_explained(job: Job) -> None:
    """P3: whoever looks at an unfinished job is told where it stands, on whom it waits, and until when."""
    assert job.deadline > job.created
    if job.waiting is not None:
        assert job.waiting.on and job.waiting.text and job.waiting.since and job.waiting.deadline
    else:
        assert job.state in ("running", "cancelling") and job.worker, job


def await_job(cluster: DoorCluster, job: Job, **expected: Any) -> Job:
    """The job as shown once its attributes are as expected."""

    def matches() -> bool:
        seen = cluster.service.job(job.id)
        return all(getattr(seen, name) == value for name, value in expected.items())

    cluster.await_true(matches, f"{job.id} ({job.operation}) has {expected}")
    return cluster.service.job(job.id)


def children_of(cluster: DoorCluster, job: Job) -> list[Job]:
    return sorted(cluster.service.jobs(parent=job.id), key=lambda child: (child.created, child.id))


def await_moving(cluster: DoorCluster, count: int = 1, node: str = "hv1") -> None:
    """libvirt itself has that many migrations under way from the node."""
    cluster.await_true(lambda: len(cluster.fleet.node(node).moves) == count, f"{count} migrations under way")


def submit_as(cluster: DoorCluster, operation: Operation, key: str, actor: str = ME.actor) -> Job:
    return cluster.service.submit(operation, Asker(actor, idempotency_key=key))


class Doom:
    """Lets a node's worker die at its n-th commit about jobs: just before it arrives, or just after."""

    def __init__(self, cluster: DoorCluster, node: str, at: int, arrives: bool) -> None:
        self._home: Any = cluster.session(node)
        self._commit = self._home.commit
        self._at, self._arrives = at, arrives
        self.commits = 0
        self.struck = False
        self._home.commit = self._doomed

    def _doomed(self, ops: Sequence[Op]) -> None:
        if any(op.path.startswith(f"{tree.JOBS}/") for op in ops):
            self.commits += 1
            if self.commits == self._at:
                if self._arrives:
                    self._commit(ops)
                self.struck = True
                self._home.expire()
                raise StoreUnavailable("struck dead")
        self._commit(ops)
