"""Letting guests go on that a task holds for too long: its process died, or stands still.

The job process does so itself whenever it can; this is for when it cannot. It asks the records alone, and
changes none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from pvc_core.model.job import Job
from pvc_core.model.vm_snapshot import Consistency
from pvc_core.store import tree
from pvc_core.store.locks import lock_ref
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.operations.guest_hold import HOLDING, let_go
from pvc_tasks.world import World

log = logging.getLogger(__name__)

RESCUE_INTERVAL_S = 2.0
VM_LOCKS = "vm."


class Rescuer:
    def __init__(self, world: World, node: str, hypervisor: Hypervisor) -> None:
        self._world, self._queue, self._hypervisor = world, tree.node_queue(node), hypervisor
        self._seen_to: set[tuple[str, float]] = set()

    def look(self) -> None:
        """Raises PvcError."""
        now = self._world.clock.now()
        for job in self._holders():
            mark = (job.id, job.notes["until"])
            if now < job.notes["until"] or mark in self._seen_to:
                continue
            if let_go(self._hypervisor, job.notes["held"], Consistency(job.notes["how"])):
                log.warning("task %s held VM %s for too long; letting it go on", job.id, job.notes["held"])
            self._seen_to.add(mark)

    def _holders(self) -> Iterator[Job]:
        """Jobs that hold a guest of this node, or may."""
        store = self._world.store
        names = [name for name in store.names(tree.LOCKS) if name.startswith(VM_LOCKS)]
        owners = [lock.value.owner for lock in store.load_present([lock_ref(name) for name in names])]
        for seen in store.load_present([tree.job_ref(owner) for owner in owners if owner]):
            if seen.value.queue == self._queue and seen.value.stage == HOLDING:
                yield seen.value
