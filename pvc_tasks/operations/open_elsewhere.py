"""The proof, by its disks, that a VM is alone: no other VM runs with one, none is open on another machine.

Here libvirt tells what runs. What is only closing still is waited for, as in `held_disks`. A task of PVC that
may be at work while a guest runs is no guest, and is known by its client; one that may not is waited for.
"""

from __future__ import annotations

from pvc_core.decide.open_disks import find_open_elsewhere, own_disks
from pvc_core.decide.sharing import DiskTaken, check_alone
from pvc_core.model.vm import VmSpec
from pvc_core.store.look import look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.disks import tasks_on
from pvc_tasks.operations.held_disks import LOOK_AGAIN_S, PATIENCE_S, hosts_here, open_since, watchers_of
from pvc_tasks.outcome import Wait


class DiskOpenElsewhere(DiskTaken):
    code = "DISK_OPEN_ELSEWHERE"


def look_for_open_elsewhere(ctx: Context, vm: VmSpec) -> Wait | None:
    """None when it may be started here; Wait while who has a disk open may still be closing it.

    Raises DiskOpenElsewhere after that, DiskTaken for another VM's, and StorageUnavailable, so that the job
    waits for a silent storage. Its record says by now that it is to run: of two that are started in the same
    moment, at least one sees the other.
    """
    if not vm.held_disks:
        return None
    cluster = look_at_cluster(ctx.store)
    check_alone(cluster, vm)
    if not ctx.world.config.subsystems.storage:
        return None
    tasks = tasks_on(ctx.store, vm.held_disks)
    for task in tasks:
        if task.needs_rest:
            text = f"{vm.name} is not started yet: {task}"
            return Wait("lock", task.job.id, text, until=ctx.now + LOOK_AGAIN_S)
    disks = own_disks(cluster, vm)
    watchers = watchers_of(ctx.world.blocks, disks)
    allowed = {*hosts_here(ctx, cluster), *(client for task in tasks for client in task.clients)}
    found = find_open_elsewhere(cluster, disks, allowed, watchers)
    since = open_since(ctx, "open_since", bool(found))
    if not found:
        return None
    who = ", ".join(str(one) for one in found)
    if ctx.now < since + PATIENCE_S:
        text = f"{vm.name} has disks open elsewhere: {who}; waits for them to be closed"
        return Wait("time", "storage", text, until=ctx.now + LOOK_AGAIN_S, deadline=since + PATIENCE_S)
    raise _refusal(vm, found[0].disk, who)


def _refusal(vm: VmSpec, disk: str, who: str) -> DiskOpenElsewhere:
    pool, _, volume = disk.partition("/")
    return DiskOpenElsewhere(
        f"{vm.name} is not started here: its disks are open elsewhere, so a copy of it may be running: {who}",
        f"See who it is (`pvc storage ceph volume info {pool} {volume}`) and end that; if it is nobody any "
        f"more: `pvc vm flush-locks {vm.name}` once it is stopped.",
    )
