"""`vm flush-locks`: break what locks are left on a stopped VM's disks.

Each step looks anew: nobody may have a disk open, and what is still locked is broken. The owner of a lock is
blocked before it loses it: if it lives on somewhere unseen, it cannot write any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

from pvc_core.decide.leftover_locks import LeftoverLock, find_leftovers
from pvc_core.decide.transitions import Act, check_transition
from pvc_core.errors import NotFound, StorageUnavailable
from pvc_core.model.operations import FlushVmLocks
from pvc_core.model.storage import VolumeDetail
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.disks import locks_on
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import vm_lock, vm_objects
from pvc_tasks.outcome import Again, Done, Outcome, Rest
from pvc_tasks.words import count
from pvc_tasks.world import World

STOPPED = Act.UNDEFINE
"""Possible in the same states as this: while no domain of it is anywhere."""


class FlushVmLocksHandler(Handler[FlushVmLocks]):
    operation = FlushVmLocks

    def admit(self, asked: FlushVmLocks, world: World) -> Admission:
        with suppress(StorageUnavailable):
            self._find(asked, world)
        vm = load_vm(world.store, asked.vm).value
        disks = tuple(locks_on(vm.held_disks))
        objects, locks = (*vm_objects(vm.uuid), *disks), (vm_lock(vm.uuid), *disks)
        return Admission(tree.CLUSTER_QUEUE, vm.name, objects, locks)

    def step(self, asked: FlushVmLocks, ctx: Context) -> Outcome:
        vm, left = self._find(asked, ctx.world)
        if left:
            return _break(ctx, left)
        broken = ctx.job.notes.get("broken", [])
        text = (
            f"{count(len(broken), 'lock')} of {vm.name} broken" if broken else f"{vm.name} has no lock left"
        )
        return Done(text, {"vm": vm.name, "broken": broken})

    def rest(self, asked: FlushVmLocks, ctx: Context) -> Outcome:
        broken = ctx.job.notes.get("broken", [])
        if not broken:
            return Rest("no lock was broken")
        names = ", ".join(sorted({one["volume"] for one in broken}))
        return Rest(f"locks on {names} were broken, or may have been; flush them once more to be sure")

    def _find(self, asked: FlushVmLocks, world: World) -> tuple[VmSpec, tuple[LeftoverLock, ...]]:
        """Raises WrongState for a VM that is not stopped, VolumeInUse while a disk is open."""
        vm, cluster = load_vm(world.store, asked.vm).value, look_at_cluster(world.store)
        check_transition(cluster, vm, STOPPED)
        disks = [found for path in vm.held_disks if (found := _look(world, path)) is not None]
        return vm, find_leftovers(cluster, vm.name, disks)


def _break(ctx: Context, left: Sequence[LeftoverLock]) -> Again:
    known = ctx.job.notes.get("broken", [])
    new = [one for lock in left if (one := asdict(lock)) not in known]
    ctx.change(stage="breaking")
    ctx.remember(broken=[*known, *new])
    for lock in left:
        ctx.log(f"breaking the lock of {lock.client} on {lock.node or lock.address} on {lock.volume}")
    ctx.save()
    ctx.storing.block_clients({lock.address for lock in left})
    for lock in left:
        ctx.storing.break_locks(*_split(lock.volume), [lock.address])
    return Again()


def _look(world: World, disk: str) -> VolumeDetail | None:
    """A disk that is not there has no lock."""
    try:
        return world.blocks.volume(*_split(disk))
    except NotFound:
        return None


def _split(disk: str) -> tuple[str, str]:
    pool, _, volume = disk.partition("/")
    return pool, volume
