"""`vm modify`: replace a VM's domain XML."""

from __future__ import annotations

from pvc_core.errors import Conflict, InvalidXml
from pvc_core.model.operations import ModifyVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_core.xml.domain import DomainXml
from pvc_core.xml.edit import with_uuid
from pvc_core.xml.version import version_of
from pvc_tasks.definition import check_definition, check_not_busy, plan_definition, recorded, redefined
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.common import vm_objects
from pvc_tasks.world import World


class DefinitionChanged(Conflict):
    """The definition is no longer the one that was opened."""

    code = "DEFINITION_CHANGED"


class ModifyVmHandler(ImmediateHandler[ModifyVm]):
    operation = ModifyVm

    def apply(self, asked: ModifyVm, world: World) -> Applied:
        """Saving against the versions seen is what keeps a start or another editor from slipping in."""
        seen = load_vm(world.store, asked.vm)
        vm = seen.value
        checked = check_definition(asked.xml, world.config)
        _check_same(vm, checked.domain)
        check_not_busy(world.store, vm)
        document = world.store.load(tree.vm_xml(vm.uuid))
        old = document.value.xml
        _check_version(vm, asked.version, version_of(old))
        new = with_uuid(asked.xml, vm.uuid)
        after = redefined(vm, checked.domain)
        told = checked.told(look_at_cluster(world.store), after)
        result = {"uuid": vm.uuid, "name": vm.name, "version": version_of(new), **told}
        if new == old:
            same = seen.save(vm.but(**recorded(checked.domain)))
            return Applied(f"{vm.name} is as it was", vm.name, vm_objects(vm.uuid), (same,), result)
        ops = plan_definition(world.store, seen, after, document, new, "modify")
        return Applied(_words(vm), vm.name, vm_objects(vm.uuid), ops, result)


def _check_same(vm: VmSpec, domain: DomainXml) -> None:
    if domain.uuid not in (None, vm.uuid):
        raise InvalidXml(
            f"the XML has the UUID {domain.uuid}, and {vm.name} is {vm.uuid}",
            "Leave <uuid> as it is, or out. A copy is a VM of its own: pvc vm define.",
        )
    if domain.name != vm.name:
        raise InvalidXml(
            f"the XML has the name {domain.name}, and this is {vm.name}",
            f"Rename it first: pvc vm rename {vm.name} {domain.name}",
        )


def _check_version(vm: VmSpec, opened: str | None, present: str) -> None:
    if opened not in (None, present):
        raise DefinitionChanged(
            f"the definition of {vm.name} was changed since it was opened; nothing was saved",
            f"Look at what it is now (`pvc vm dump {vm.name}`), and make your change to that.",
            version=present,
        )


def _words(vm: VmSpec) -> str:
    later = "; it takes effect at its next start" if vm.state is Wanted.START else ""
    return f"{vm.name} is redefined{later}"
