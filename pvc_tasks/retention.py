"""Forgetting finished jobs that are older, or more, than the configuration keeps."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pvc_core.errors import StoreConflict
from pvc_core.model.job import Job
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import is_unfinished
from pvc_core.store.port import Delete, Op
from pvc_tasks.ids import created_at
from pvc_tasks.world import World

log = logging.getLogger(__name__)

BATCH = 50
DAY_S = 86_400


def forget_old_jobs(world: World) -> int:
    """How many were forgotten. Unfinished ones are kept whatever their age."""
    ids = sorted(world.store.names(tree.JOBS))
    old = decide_old(
        ids, world.config.jobs.keep_count, world.clock.now() - world.config.jobs.keep_days * DAY_S
    )
    forgotten = 0
    for start in range(0, len(old), BATCH):
        refs = [tree.job_ref(job) for job in old[start : start + BATCH]]
        forgotten += sum(_forget(world, seen) for seen in world.store.load_present(refs))
    if forgotten:
        log.info("forgot %d old tasks; the audit log has them", forgotten)
    return forgotten


def decide_old(ids: Sequence[str], keep: int, oldest: float) -> list[str]:
    """Those of the sorted ids that are beyond the newest `keep`, or were made before `oldest`."""
    surplus = max(0, len(ids) - keep)
    return [job for index, job in enumerate(ids) if index < surplus or created_at(job) < oldest]


def _forget(world: World, seen: Seen[Job]) -> bool:
    # An unfinished parent still counts its finished children.
    if not seen.value.state.finished or is_unfinished(world.store, seen.value.parent):
        return False
    try:
        world.store.commit(*_entries(world, seen.value), seen.delete())
    except StoreConflict:
        return False
    _drop_empty_folders(world, seen.value)
    return True


def _entries(world: World, job: Job) -> list[Op]:
    """Index entries that are there; another coordinator may be at the same work."""
    paths = [f"{tree.object_path(name)}/{job.id}" for name in job.objects]
    paths.append(tree.claim_ref(job.id).path)
    if job.parent is not None:
        paths.append(f"{tree.parent_path(job.parent)}/{job.id}")
    if job.idempotency is not None:
        paths.append(tree.idempotency_ref(job.idempotency).path)
    present = world.store.home.read(paths)
    return [Delete(path) for path, raw in zip(paths, present, strict=True) if raw is not None]


def _drop_empty_folders(world: World, job: Job) -> None:
    """A folder that is in use again refuses, which is right."""
    folders = [tree.object_path(name) for name in job.objects]
    if job.parent is not None:
        folders.append(tree.parent_path(job.parent))
    for folder, names in zip(folders, world.store.home.children(folders), strict=True):
        if names == ():
            try:
                world.store.commit(Delete(folder))
            except StoreConflict:
                continue
