"""One process's hold on one job while it takes a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pvc_core.errors import StoreConflict, StoreUnavailable
from pvc_core.model.job import Job
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.port import Op
from pvc_drivers.blocks.port import Blocks
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.claims import Claim
from pvc_tasks.submit import NewJob
from pvc_tasks.world import Executor, World


@dataclass
class Context:
    """The claimed job, its unsaved changes, and the world.

    Nothing is saved unless the claim still stands and the record is as it was read; a StoreConflict
    reaches the engine, which looks again.
    """

    world: World
    me: Executor
    claim: Claim
    seen: Seen[Job]
    job: Job
    ops: list[Op] = field(default_factory=list)
    taking: tuple[Op, ...] = ()
    """Locks to be taken by the next commit: before anything is acted on, and with the first thing saved."""
    rings: list[Job] = field(default_factory=list)
    """Jobs to be woken once the commit stands."""

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def now(self) -> float:
        return self.world.clock.now()

    @property
    def looking(self) -> Hypervisor:
        """For reading what the hypervisor shows."""
        return self.me.hypervisor

    @property
    def acting(self) -> Hypervisor:
        """For changing something there: refused once the claim is lost, or the job was changed by others."""
        self.check_ours()
        return self.me.hypervisor

    @property
    def storing(self) -> Blocks:
        """For changing the storage, under the same condition."""
        self.check_ours()
        return self.world.blocks

    def check_ours(self) -> None:
        """Read anew: a process that stood still believes in its session for a while after its end."""
        if self.taking:
            self.save()
        claim, record = tree.claim_ref(self.job.id), tree.job_ref(self.job.id)
        mark, job = self.store.home.read([claim.path, record.path])
        if mark is None or claim.decode(mark).value.epoch != self.claim.epoch:
            raise StoreUnavailable("the claim on this task is lost; not acting on it")
        if job is None or job.version != self.seen.version:
            raise StoreConflict(f"task {self.job.id} was changed; looking again before acting")

    def change(self, **changes: Any) -> None:
        """Change the record; saved with the next commit."""
        self.job = self.job.but(**changes)

    def remember(self, **notes: Any) -> None:
        self.change(notes={**self.job.notes, **notes})

    def log(self, text: str) -> None:
        """A line of the job's log, which is also where it stands."""
        if text != self.job.text:
            self.job = self.job.logged(self.now, text).but(text=text)

    def spawn(self, child: NewJob) -> None:
        """Let the next commit create a child job."""
        self.ops.extend(child.ops)
        self.rings.append(child.job)

    def save(self, *ops: Op) -> None:
        """Commit the changes so far and keep the claim."""
        self._commit(self.claim.check(), *ops)
        self.seen = Seen(self.seen.ref, self.job, self.seen.version + 1)

    def release(self, *ops: Op) -> None:
        """Commit the changes so far and drop the claim."""
        self._commit(self.claim.drop(), *ops)

    def _commit(self, claim_op: Op, *ops: Op) -> None:
        self.store.commit(claim_op, self.seen.save(self.job), *self.taking, *self.ops, *ops)
        self._drop_pending_ops()
        for job in self.rings:
            self.ring(job)
        self.rings.clear()

    def _drop_pending_ops(self) -> None:
        self.taking = ()
        self.ops.clear()

    def ring(self, job: Job) -> None:
        """Wake another job: directly when it is this process's to execute, by the broker otherwise."""
        if job.queue in self.me.queues:
            self.me.bell(job.id)
        else:
            self.world.hints.ring(job.id, job.queue, job.operation)

    def reload(self) -> bool:
        """Drop unsaved changes and read the record again; False when the job is no longer ours."""
        self._drop_pending_ops()
        self.rings.clear()
        self.seen = self.store.load(tree.job_ref(self.job.id))
        self.job = self.seen.value
        mark = self.store.find(tree.claim_ref(self.job.id))
        return mark is not None and mark.value.epoch == self.claim.epoch and not self.job.state.finished

    def abandon(self) -> None:
        """Drop the claim on a job that somebody else has settled or claimed meanwhile."""
        mark = self.store.find(tree.claim_ref(self.job.id))
        if mark is not None and mark.value.epoch == self.claim.epoch:
            self.store.commit(mark.delete())
