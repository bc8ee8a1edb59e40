"""`vm remove`: a stopped VM's volumes, one after the other, and then the VM itself.

Volumes first: whatever ends the job before, the VM is still there to name what is left, and another job like
it goes on with that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pvc_core.decide.estate import Estate, decide_estate, tell_estate
from pvc_core.decide.transitions import Act, check_transition
from pvc_core.decide.volume_use import check_removable
from pvc_core.errors import StorageUnavailable, VolumeInUse
from pvc_core.model.operations import RemoveVm
from pvc_core.model.storage import VolumeDetail
from pvc_core.model.views import PlanView
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.xml.read_only import read_only_volumes, written_elsewhere
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import vm_objects
from pvc_tasks.operations.vm_snapshot_common import check_locked, locks_of
from pvc_tasks.operations.vm_undefine import check_no_snapshots, plan_undefine
from pvc_tasks.operations.volume_common import await_let_go, drop_if_made_for_clone, find_volume
from pvc_tasks.operations.volume_flatten import held_tie, tie_locks
from pvc_tasks.outcome import Again, Done, Hold, Outcome, Rest
from pvc_tasks.ports import Work
from pvc_tasks.words import count
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World

REMOVING = "removing"


class RemoveVmHandler(Handler[RemoveVm]):
    operation = RemoveVm

    def plan(self, asked: RemoveVm, world: World) -> PlanView:
        vm = load_vm(world.store, asked.vm).value
        estate = _find_estate(world, vm)
        _check(world, vm, estate)
        own = f"a disk of {vm.name} alone"
        steps = [
            {"do": "remove", "vm": vm.name, "volume": f"{pool}/{volume}", "reason": own}
            for pool, volume in estate.volumes
        ]
        forget = {"do": "undefine", "vm": vm.name, "reason": "as asked"}
        return PlanView(operation=asked.name, steps=(*steps, forget), text=tell_estate(vm, estate))

    def admit(self, asked: RemoveVm, world: World) -> Admission:
        vm = load_vm(world.store, asked.vm).value
        estate = _find_estate(world, vm)
        ties: Iterable[str] = ()
        with suppress(StorageUnavailable):
            found = _check(world, vm, estate)
            ties = [lock for one in found for lock in tie_locks(world, one.pool, one.name)]
        own = locks_of(vm, estate.volumes)
        locks = tuple(sorted({*own, *ties}))
        return Admission(tree.CLUSTER_QUEUE, vm.name, (*vm_objects(vm.uuid), *own[1:]), locks)

    def step(self, asked: RemoveVm, ctx: Context) -> Outcome:
        seen = load_vm(ctx.store, asked.vm)
        if not ctx.job.begun:
            self._begin(ctx, seen.value)
        volumes = ctx.job.notes["volumes"]
        return self._remove(ctx, *volumes[0]) if volumes else _forget(ctx, seen)

    def _begin(self, ctx: Context, vm: VmSpec) -> None:
        """Everything that would stop it halfway is looked for before."""
        estate = _find_estate(ctx.world, vm)
        found = _check(ctx.world, vm, estate)
        check_locked(ctx, vm, estate.volumes)
        ctx.change(stage=REMOVING)
        volumes = [[one.pool, one.name, one.parent] for one in found]
        ctx.remember(volumes=volumes, removed=[], left=estate.left)
        ctx.save()

    def _remove(self, ctx: Context, pool: str, volume: str, parent: str) -> Outcome:
        path, blocks = f"{pool}/{volume}", ctx.world.blocks

        def remove(under_way: Work) -> Mapping[str, Any]:
            blocks.remove_volume(pool, volume, under_way.tell)
            return {}

        try:
            done = work(ctx, f"removing {path}", remove)
        except VolumeInUse as busy:
            return await_let_go(ctx, busy)
        if isinstance(done, Hold):
            return done
        drop_if_made_for_clone(ctx.storing, held_tie(ctx, parent))
        notes = ctx.job.notes
        ctx.remember(volumes=notes["volumes"][1:], removed=[*notes["removed"], path], let_go_by=None)
        ctx.log(f"{path} is removed")
        ctx.save()
        ctx.me.works.forget(ctx.job.id)
        return Again()

    def rest(self, asked: RemoveVm, ctx: Context) -> Outcome:
        waiting = bring_to_rest(ctx)
        if waiting is not None:
            return waiting
        if not ctx.job.begun:
            return Rest("nothing was removed")
        removed = ctx.job.notes["removed"]
        gone = f"{', '.join(removed)} and maybe part of the next" if removed else "part of its first volume"
        return Rest(
            f"the VM is still defined, but {gone} may be gone; remove it again to finish that",
            result={"removed": removed},
        )


def _find_estate(world: World, vm: VmSpec) -> Estate:
    """What its definition has in files and devices is nobody's to remove either."""
    xml = world.store.load(tree.vm_xml(vm.uuid)).value.xml
    storing = world.config.subsystems.storage
    estate = decide_estate(look_at_cluster(world.store), vm, read_only_volumes(xml), storing)
    elsewhere = [f"{disk} is left: it is not in the storage" for disk in written_elsewhere(xml)]
    return replace(estate, left=(*estate.left, *elsewhere))


def _check(world: World, vm: VmSpec, estate: Estate) -> list[VolumeDetail]:
    """The volumes that are there. Raises the PvcError that says why the VM cannot be removed."""
    cluster = look_at_cluster(world.store)
    check_transition(cluster, vm, Act.UNDEFINE)
    check_no_snapshots(world.store, vm)
    others = replace(cluster, vms={uuid: one for uuid, one in cluster.vms.items() if uuid != vm.uuid})
    each = [find_volume(world.blocks, pool, volume) for pool, volume in estate.volumes]
    found = [one for one in each if one is not None]
    for volume in found:
        check_removable(others, volume)
    return found


def _forget(ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    vm, notes = seen.value, ctx.job.notes
    with_it = count(len(notes["removed"]), "volume") if notes["removed"] else "no volume"
    result = {"uuid": vm.uuid, "name": vm.name, "volumes": notes["removed"]}
    left = {"warnings": list(notes["left"])} if notes["left"] else {}
    text = f"{vm.name} is removed, and {with_it} with it"
    return Done(text, {**result, **left}, ops=plan_undefine(ctx.store, seen))
