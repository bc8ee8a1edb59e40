"""`vm rename`: another name, with all that hangs on it, or nothing."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists, WrongState
from pvc_core.model.operations import RenameVm
from pvc_core.model.vm import VmNameRecord, VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.look import find_vm, load_vm, look_at_cluster
from pvc_core.xml.edit import with_name
from pvc_tasks.definition import check_not_busy, console_kept
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.common import vm_objects
from pvc_tasks.world import World


class RenameVmHandler(ImmediateHandler[RenameVm]):
    operation = RenameVm

    def apply(self, asked: RenameVm, world: World) -> Applied:
        """All that is kept about a VM hangs on its UUID, but for these three documents."""
        store = world.store
        seen = load_vm(store, asked.vm)
        vm = seen.value
        check_not_busy(store, vm)
        _check_off(store, vm)
        _check_free(store, vm, asked.new)
        xml, old = store.load(tree.vm_xml(vm.uuid)), store.load(tree.vm_name(vm.name))
        new = with_name(xml.value.xml, asked.new)
        after = console_kept(vm, xml.value.xml, new).but(name=asked.new)
        ops = (
            old.delete(),
            tree.vm_name(asked.new).create(VmNameRecord(uuid=vm.uuid)),
            seen.save(after),
            xml.save(xml.value.but(xml=new)),
        )
        result = {"uuid": vm.uuid, "name": asked.new, "before": {"name": vm.name}}
        return Applied(f"{vm.name} is {asked.new} now", asked.new, vm_objects(vm.uuid), ops, result)


def _check_off(store: Store, vm: VmSpec) -> None:
    """libvirt knows a running domain by its name, and so do its log and its sockets."""
    cluster = look_at_cluster(store)
    seen_on = () if cluster.catching_up(vm) else cluster.seen_on(vm.uuid)
    if vm.state is Wanted.START or seen_on:
        raise WrongState(
            f"{vm.name} is running, and a running VM keeps its name",
            f"Shut it down first (`pvc vm shutdown {vm.name}`), then rename it and start it again.",
        )


def _check_free(store: Store, vm: VmSpec, new: str) -> None:
    if new == vm.name:
        raise WrongState(f"{vm.name} has that name already", "Nothing to do.")
    if (taken := find_vm(store, new)) is not None:
        raise AlreadyExists(f"there is a VM {new} already (UUID {taken.value.uuid})")
