"""That a volume stood still while it was read: not open, no VM was started with it, no task changed it.

Nothing keeps others away meanwhile. So it is looked at before, now and then, and once more before the end;
who has come and gone in between is told by the records.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pvc_core.decide.volume_rest import check_at_rest, starts_of
from pvc_core.errors import LockedByJob, VolumeInUse
from pvc_core.model.operations import needs_rest
from pvc_core.store import tree
from pvc_core.store.look import look_at_cluster
from pvc_tasks.disks import tasks_on
from pvc_tasks.operations.storage_common import volume_object
from pvc_tasks.world import World

LOOK_S = 5.0
REMEDY = "Take a snapshot of it, and download that: --snapshot NAME."


@dataclass(frozen=True)
class Still:
    """A volume at one moment: how often each VM was started that has it, and which tasks were about it."""

    pool: str
    volume: str
    starts: dict[str, int]
    tasks: frozenset[str]

    def check(self, world: World) -> None:
        """Raises VolumeInUse, LockedByJob."""
        now = look_at_rest(world, self.pool, self.volume)
        jobs = world.store.load_present([tree.job_ref(job) for job in now.tasks - self.tasks])
        changed = [seen.value for seen in jobs if seen.value.begun and needs_rest(seen.value.operation)]
        if now.starts != self.starts or changed:
            by = f"task {changed[0].id} ({changed[0].operation})" if changed else "a VM that was started"
            raise VolumeInUse(f"{self.pool}/{self.volume} was used by {by} meanwhile", REMEDY)


def look_at_rest(world: World, pool: str, volume: str) -> Still:
    """Raises VolumeInUse, LockedByJob."""
    world.store.home.sync()
    tasks = frozenset(world.store.names(tree.object_path(volume_object(pool, volume))))
    for task in tasks_on(world.store, [f"{pool}/{volume}"]):
        if task.needs_rest:
            raise LockedByJob(f"{pool}/{volume} is not read now: {task}", job=task.job.id)
    cluster = look_at_cluster(world.store)
    check_at_rest(cluster, world.blocks.volume(pool, volume), "download", REMEDY)
    return Still(pool, volume, starts_of(cluster, pool, volume), tasks)


def kept_still(world: World, still: Still, parts: Iterable[bytes]) -> Iterator[bytes]:
    """These parts, the last of them only once all are known to be of one time; else it breaks off."""
    looked, ready = time.monotonic(), b""
    for part in parts:
        if ready:
            yield ready
        ready = part
        if time.monotonic() - looked >= LOOK_S:
            still.check(world)
            looked = time.monotonic()
    still.check(world)
    yield ready
