"""`vm undefine`: forget a stopped VM."""

from __future__ import annotations

from pvc_core.decide.transitions import Act, check_transition
from pvc_core.errors import LockedByJob, WrongState
from pvc_core.model.operations import UndefineVm
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.look import load_vm, look_at_cluster, unfinished_jobs
from pvc_core.store.port import Delete, Op
from pvc_tasks.forget_log import forget_log
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.common import vm_objects
from pvc_tasks.world import World


class UndefineVmHandler(ImmediateHandler[UndefineVm]):
    operation = UndefineVm

    def apply(self, asked: UndefineVm, world: World) -> Applied:
        """Saving against the version seen is what keeps a start from slipping in between."""
        seen = load_vm(world.store, asked.vm)
        vm = seen.value
        _check_idle(world, vm.uuid, vm.name)
        check_transition(look_at_cluster(world.store), vm, Act.UNDEFINE)
        check_no_snapshots(world.store, vm)
        ops, result = plan_undefine(world.store, seen), {"uuid": vm.uuid, "name": vm.name}
        return Applied(f"{vm.name} is forgotten", vm.name, vm_objects(vm.uuid), ops, result)


def plan_undefine(store: Store, seen: Seen[VmSpec]) -> tuple[Op, ...]:
    """All that is kept about a VM goes in one commit."""
    vm = seen.value
    return (
        seen.delete(),
        *_plan_no_folder(store, vm.uuid),
        Delete(tree.vm_xml(vm.uuid).path),
        Delete(f"{tree.VMS}/{vm.uuid}"),
        Delete(tree.vm_name(vm.name).path),
        *forget_log(store, tree.vm_log_key(vm.uuid)),
    )


def _check_idle(world: World, uuid: str, name: str) -> None:
    """What was accepted is done, or cancelled by somebody; not made impossible."""
    for job in unfinished_jobs(world.store, f"vm:{uuid}"):
        raise LockedByJob(f"task {job.value.id} is still to be done to {name}", job=job.value.id)


def check_no_snapshots(store: Store, vm: VmSpec) -> None:
    """They would stay behind at its volumes, and nobody would know what they are."""
    names = store.names(tree.vm_snapshots(vm.uuid))
    if names:
        raise WrongState(
            f"{vm.name} has {len(names)} snapshots ({', '.join(names)})",
            f"Remove them first: pvc vm snapshot remove {vm.name} {names[0]}",
        )


def _plan_no_folder(store: Store, uuid: str) -> tuple[Delete, ...]:
    """It is made with the first snapshot; one that comes now lets this commit fail."""
    folder = tree.vm_snapshots(uuid)
    return (Delete(folder),) if store.home.read([folder])[0] else ()
