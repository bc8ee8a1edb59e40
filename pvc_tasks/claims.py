"""Claims: the right to take a job's next step, as an ephemeral znode of the worker's session."""

from __future__ import annotations

from dataclasses import dataclass

from pvc_core.errors import StoreConflict, StoreUnavailable
from pvc_core.model.job import Job, JobMark
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.port import Check, Delete, Op
from pvc_tasks.world import Executor


@dataclass(frozen=True)
class Claim:
    """A held claim; every commit made under it checks that it still stands."""

    job: str
    session: int
    epoch: int

    def check(self) -> Op:
        return Check(tree.claim_ref(self.job).path, 0)

    def drop(self) -> Op:
        return Delete(tree.claim_ref(self.job).path, 0)


def take_claim(store: Store, seen: Seen[Job], me: Executor) -> tuple[Claim, Seen[Job]] | None:
    """Claim a job at the version it was seen at; None when somebody else has it or changed it.

    Bumping the epoch changes the record, so a former holder's late commit cannot succeed.
    """
    session = store.home.session()
    if session is None:
        raise StoreUnavailable("no ZooKeeper session to claim a task with")
    job = seen.value.but(epoch=seen.value.epoch + 1, worker=me.node)
    mark = JobMark(worker=f"{me.node} {me.incarnation}", session=session, epoch=job.epoch)
    leftover = _leftover(store, seen.value.id, me)
    try:
        store.commit(*leftover, tree.claim_ref(job.id).create(mark, ephemeral=True), seen.save(job))
    except StoreConflict:
        return None
    return Claim(job.id, session, job.epoch), Seen(seen.ref, job, seen.version + 1)


def _leftover(store: Store, job: str, me: Executor) -> tuple[Op, ...]:
    """What clears a claim left by this node's former worker process.

    There is one worker process on a node (its lock file sees to that), and it takes a job's steps one at a
    time, so a claim in this node's name that this process meets is nobody's: it need not wait for the
    old session to expire.
    """
    mark = store.find(tree.claim_ref(job))
    if mark is None or mark.value.worker.split(" ")[0] != me.node:
        return ()
    return (mark.delete(),)
