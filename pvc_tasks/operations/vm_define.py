"""`vm define`: make a VM known from its domain XML."""

from __future__ import annotations

from uuid import uuid4

from pvc_core.decide.home import decide_home
from pvc_core.decide.placement import Refused
from pvc_core.errors import AlreadyExists, InvalidRequest
from pvc_core.model.operations import DefineVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmNameRecord, VmSpec, VmXml
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.look import find_vm, look_at_cluster
from pvc_core.store.port import Create
from pvc_core.xml.edit import with_uuid
from pvc_tasks.definition import check_definition, recorded
from pvc_tasks.disks import check_disks
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.common import vm_objects
from pvc_tasks.operations.metadata import metadata_of
from pvc_tasks.world import World


class DefineVmHandler(ImmediateHandler[DefineVm]):
    operation = DefineVm

    def apply(self, asked: DefineVm, world: World) -> Applied:
        checked = check_definition(asked.xml, world.config)
        domain = checked.domain
        uuid = domain.uuid or str(uuid4())
        _check_unused(world.store, domain.name, uuid)
        cluster = look_at_cluster(world.store)
        for node in asked.node_limit:
            cluster.node(node)
        if asked.node is not None and asked.node_limit and asked.node not in asked.node_limit:
            allowed = ", ".join(asked.node_limit)
            raise InvalidRequest(f"node: {asked.node} is outside the node limit ({allowed})")
        vm = VmSpec(
            uuid=uuid,
            name=domain.name,
            node=asked.node or "unplaced",
            **recorded(domain),
            created=world.clock.now(),
            **metadata_of(asked, world.config),
        )
        vm = vm.but(node=_decide_home(cluster, vm, asked.node))
        check_disks(world.store, vm)
        xml = VmXml(xml=with_uuid(asked.xml, uuid))
        ops = (
            tree.vm_name(vm.name).create(VmNameRecord(uuid=uuid)),
            Create(f"{tree.VMS}/{uuid}"),
            tree.vm_spec(uuid).create(vm),
            tree.vm_xml(uuid).create(xml),
        )
        text = f"{vm.name} is defined on {vm.node}"
        result = {"uuid": uuid, "name": vm.name, "node": vm.node, **checked.told(cluster, vm)}
        return Applied(text, vm.name, vm_objects(uuid), ops, result)


def _check_unused(store: Store, name: str, uuid: str) -> None:
    """The creates in the commit are what makes both unique; this finds the words for it.

    Neither may be what another VM is meant by: every UUID could also be a name.
    """
    taken = find_vm(store, name)
    if taken is not None:
        raise AlreadyExists(f"there is a VM {taken.value.name} already (UUID {taken.value.uuid})")
    other = find_vm(store, uuid)
    if other is not None:
        raise AlreadyExists(
            f"the UUID {uuid} means VM {other.value.name} ({other.value.uuid}) already",
            "Remove <uuid> from the XML and the VM is given a new one.",
        )


def _decide_home(cluster: Cluster, vm: VmSpec, wanted: str | None) -> str:
    if wanted is not None:
        return cluster.node(wanted).name
    home = decide_home(cluster, vm)
    if isinstance(home, Refused):
        raise home.error(vm.name)
    return home
