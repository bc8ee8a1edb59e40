"""`vm undefine`: forget a stopped VM."""

from __future__ import annotations

from pvc_core.errors import LockedByJob, WrongState
from pvc_core.model.operations import UndefineVm
from pvc_core.model.vm import Wanted
from pvc_core.store import tree
from pvc_core.store.locks import lock_ref
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.store.port import Delete
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.common import vm_lock, vm_objects
from pvc_tasks.world import World


class UndefineVmHandler(ImmediateHandler[UndefineVm]):
    operation = UndefineVm

    def apply(self, asked: UndefineVm, world: World) -> Applied:
        """Saving against the version seen is what keeps a start from slipping in between."""
        seen = load_vm(world.store, asked.vm)
        vm = seen.value
        _check_idle(world, vm.uuid, vm.name)
        _check_off(world, vm.uuid, vm.name, vm.state)
        ops = (
            seen.delete(),
            Delete(tree.vm_xml(vm.uuid).path),
            Delete(f"{tree.VMS}/{vm.uuid}"),
            Delete(tree.vm_name(vm.name).path),
        )
        return Applied(
            f"{vm.name} is forgotten", vm.name, vm_objects(vm.uuid), ops, {"uuid": vm.uuid, "name": vm.name}
        )


def _check_idle(world: World, uuid: str, name: str) -> None:
    lock = world.store.find(lock_ref(vm_lock(uuid)))
    if lock is not None and lock.value.owner is not None:
        raise LockedByJob(f"task {lock.value.owner} is at work on {name}", job=lock.value.owner)


def _check_off(world: World, uuid: str, name: str, state: Wanted) -> None:
    if state is Wanted.START:
        raise WrongState(f"{name} is not stopped", f"Stop it first: pvc vm shutdown {name}")
    cluster = look_at_cluster(world.store)
    seen_on = cluster.seen_on(uuid)
    if seen_on and not cluster.catching_up(cluster.vms[uuid]):
        where = " and ".join(seen_on)
        raise WrongState(f"{name} still runs on {where}", f"Stop it first: pvc vm stop {name}")
