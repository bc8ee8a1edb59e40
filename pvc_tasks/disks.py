"""A VM's disks while it is given them: nobody else's, and none that a task is about to change.

A task that concerns a volume holds its lock, whichever process is at work for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pvc_core.decide.sharing import check_not_taken
from pvc_core.errors import LockedByJob
from pvc_core.model.job import Job
from pvc_core.model.operations import needs_rest
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.locks import lock_ref, may_be_locked
from pvc_core.store.look import look_at_cluster
from pvc_tasks.operations.storage_common import volume_object
from pvc_tasks.working import CLIENTS


@dataclass(frozen=True)
class VolumeTask:
    """An unfinished job, and the POOL/VOLUME that it holds and is about."""

    disk: str
    job: Job

    @property
    def needs_rest(self) -> bool:
        return needs_rest(self.job.operation)

    @property
    def clients(self) -> list[str]:
        """With which it may have the volume open: no guest ever has one of these."""
        return list(self.job.notes.get(CLIENTS, ()))

    def __str__(self) -> str:
        return f"task {self.job.id} ({self.job.operation}) is at work on {self.disk}"


def tasks_on(store: Store, disks: Iterable[str]) -> list[VolumeTask]:
    """In the order of these disks."""
    objects = locks_on(disks)
    locks = store.find_many([lock_ref(name) for name in objects])
    owners = {name: seen.value.owner for name, seen in zip(objects, locks, strict=True) if seen}
    jobs = store.load_present([tree.job_ref(job) for job in {*owners.values()} if job])
    known = {seen.value.id: seen.value for seen in jobs if not seen.value.state.finished}
    found = ((name, known.get(owner or "")) for name, owner in owners.items())
    return [VolumeTask(objects[name], job) for name, job in found if job and name in job.objects]


def locks_on(disks: Iterable[str]) -> dict[str, str]:
    """The lock of each, with its disk. An image may be called what no volume of PVC may be: no task is about
    one of these, and it has no lock."""
    names = {_object_of(disk): disk for disk in disks}
    return {name: disk for name, disk in names.items() if may_be_locked(name)}


def check_disks(store: Store, vm: VmSpec, before: VmSpec | None = None) -> None:
    """Whether it may have the disks that it has by this record. Raises DiskTaken, LockedByJob."""
    had = () if before is None else before.held_disks
    if before is None or (vm.held_disks, vm.shared_disks) != (had, before.shared_disks):
        check_not_taken(look_at_cluster(store), vm, before)
        for task in tasks_on(store, [disk for disk in vm.held_disks if disk not in had]):
            if task.needs_rest:
                raise LockedByJob(f"{vm.name} is not given {task.disk}: {task}", job=task.job.id)


def _object_of(disk: str) -> str:
    pool, _, volume = disk.partition("/")
    return volume_object(pool, volume)
