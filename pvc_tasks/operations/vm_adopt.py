"""`vm.adopt`: an agent corrects a VM's record to what its node really runs."""

from __future__ import annotations

from pvc_core.errors import LockedByJob, WrongState
from pvc_core.model.operations import AdoptVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.common import bump_placement, reports_now, stopped, vm_lock, vm_objects
from pvc_tasks.world import World


class AdoptVmHandler(ImmediateHandler[AdoptVm]):
    operation = AdoptVm

    def apply(self, asked: AdoptVm, world: World) -> Applied:
        seen = load_vm(world.store, asked.vm)
        vm = seen.value
        lock = world.store.find(lock_ref(vm_lock(vm.uuid)))
        if lock is not None:
            raise LockedByJob(f"task {lock.value.owner} is at work on {vm.name}")
        if seen.version != asked.as_of:
            raise WrongState(
                f"the record of {vm.name} has changed since {asked.node} looked at it", "It looks again."
            )
        cluster = look_at_cluster(world.store)
        others = [node for node in cluster.seen_on(vm.uuid) if node != asked.node]
        if others:
            raise WrongState(
                f"{vm.name} is seen on {' and '.join(others)} as well", "Stop the copy you do not want."
            )
        after = _corrected(vm, asked, reports_now(world.store, asked.node))
        ops = (seen.save(after), bump_placement(cluster.placement_version, "adopt"))
        found = f"runs on {asked.node}" if asked.seen == "running" else f"powered itself off on {asked.node}"
        before = {"node": vm.node, "state": vm.state}
        return Applied(
            f"{vm.name} {found}", vm.name, vm_objects(vm.uuid, asked.node), ops, {"before": before}
        )


def _corrected(vm: VmSpec, asked: AdoptVm, marks: dict[str, int]) -> VmSpec:
    if asked.seen == "off":
        return stopped(vm, marks)
    return vm.placed(asked.node, state=Wanted.START, report_marks=marks)
