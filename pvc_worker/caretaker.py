"""What coordinators do for all: end what expired with nobody there, and forget what is old."""

from __future__ import annotations

from contextlib import suppress

from pvc_core.errors import StoreConflict
from pvc_core.model.job import Job
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_tasks.cancel import expire_job
from pvc_tasks.consumers import workers_there
from pvc_tasks.plans import forget_old_plans
from pvc_tasks.retention import forget_old_jobs
from pvc_tasks.world import World
from pvc_worker.upload_sweep import clear_abandoned_uploads

FORGET_EVERY = 30
"""Rounds between two looks for old jobs."""


class Caretaker:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rounds = 0

    def take_care(self) -> None:
        """Several coordinators may do so at once: every commit is compared."""
        if self._world.store.find(tree.cluster_ref()) is None:
            return
        self._expire()
        self._rounds += 1
        clear_abandoned_uploads(self._world)
        if self._rounds % FORGET_EVERY == 1:
            forget_old_jobs(self._world)
            forget_old_plans(self._world)

    def _expire(self) -> None:
        """Jobs past their deadline whose worker is gone; one that is there ends its own."""
        store, now = self._world.store, self._world.clock.now()
        for queue in store.names(tree.QUEUES):
            jobs = store.names(tree.queue_path(queue))
            if not jobs or workers_there(store, queue):
                continue
            for seen in store.load_present([tree.job_ref(job) for job in jobs]):
                if now >= seen.value.deadline and not seen.value.state.finished:
                    self._settle(seen)

    def _settle(self, seen: Seen[Job]) -> None:
        """A conflict means that the job moved after all, and is not ours to end."""
        with suppress(StoreConflict):
            expire_job(self._world, seen)
