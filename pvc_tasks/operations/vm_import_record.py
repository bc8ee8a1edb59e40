"""What an imported VM is called, where its disks go, and its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from uuid import NAMESPACE_OID, uuid5

from pvc_core.errors import AlreadyExists, NotFound
from pvc_core.model.export import Manifest
from pvc_core.model.operations import ImportVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmNameRecord, VmSpec, VmXml
from pvc_core.store import tree
from pvc_core.store.documents import Store
from pvc_core.store.look import find_vm, look_at_cluster
from pvc_core.store.port import Create, Op
from pvc_core.xml.domain import parse_domain
from pvc_core.xml.rehome import has_rbd, rehomed
from pvc_tasks.context import Context
from pvc_tasks.definition import check_definition, recorded
from pvc_tasks.disks import check_disks
from pvc_tasks.importing import Source, Target
from pvc_tasks.operations.volume_common import check_room
from pvc_tasks.world import World


def plan_targets(asked: ImportVm, manifest: Manifest, job: str) -> list[Target]:
    """Under another name, the volumes are called after the VM."""
    return [
        Target(
            path=disk.path,
            pool=asked.pool or disk.pool,
            draft=f"import.{job[16:24]}.{number}",
            volume=disk.volume if asked.rename is None else f"{asked.rename[:58]}-{number}",
        )
        for number, disk in enumerate(manifest.disks)
    ]


def check_room_for(world: World, manifest: Manifest, targets: Iterable[Target]) -> None:
    """All that goes to a pool together."""
    sizes = {disk.path: disk.size for disk in manifest.disks}
    needed: Counter[str] = Counter()
    for target in targets:
        needed[target.pool] += sizes[target.path]
    for pool, more in needed.items():
        check_room(world, pool, more)


def plan_define(
    ctx: Context, asked: ImportVm, source: Source, targets: Iterable[Target]
) -> tuple[VmSpec, tuple[Op, ...], list[str]]:
    """Its record, what defines it, and what its admin should know; raises a Conflict where that cannot be."""
    store, manifest = ctx.store, source.manifest
    name = asked.rename or manifest.name
    if find_vm(store, name) is not None:
        raise AlreadyExists(f"there is a VM {name} already", "Choose another name (--rename).")
    cluster, uuid = look_at_cluster(store), _free_uuid(store, manifest.vm, ctx.job.id)
    volumes = {target.path: f"{target.pool}/{target.volume}" for target in targets}
    like = _example(store, cluster)
    here = rehomed(source.xml, name, uuid, volumes, like)
    checked = check_definition(here, ctx.world.config)
    vm = _record(manifest, asked.node, here, ctx.now, cluster)
    check_disks(store, vm)
    ops = (
        tree.vm_name(name).create(VmNameRecord(uuid=uuid)),
        Create(f"{tree.VMS}/{uuid}"),
        tree.vm_spec(uuid).create(vm),
        tree.vm_xml(uuid).create(VmXml(xml=here)),
    )
    return vm, ops, [*_warnings(manifest, vm, like), *checked.warnings]


def _record(manifest: Manifest, node: str, xml: str, now: float, cluster: Cluster) -> VmSpec:
    domain, saved = parse_domain(xml), manifest.metadata
    said = {name: getattr(saved, name) for name in type(saved).model_fields}
    said["node_limit"] = tuple(one for one in saved.node_limit if one in cluster.nodes)
    return VmSpec(
        uuid=domain.uuid or "",
        name=domain.name,
        node=node,
        **recorded(domain),
        created=now,
        **said,
    )


def _free_uuid(store: Store, uuid: str, job: str) -> str:
    """Its own, unless the VM it was is still here: then one that is the same at every look."""
    return uuid if store.find(tree.vm_spec(uuid)) is None else str(uuid5(NAMESPACE_OID, job))


def _example(store: Store, cluster: Cluster) -> str | None:
    """The definition of a VM of this cluster that has a disk in its storage."""
    for vm in sorted(cluster.vms.values(), key=lambda vm: vm.name):
        if vm.rbd_disks:
            with suppress(NotFound):
                xml = store.load(tree.vm_xml(vm.uuid)).value.xml
                return xml if has_rbd(xml) else None
    return None


def _warnings(manifest: Manifest, vm: VmSpec, like: str | None) -> list[str]:
    found = []
    if like is None:
        found.append(
            "no VM here shows how the storage is reached: hosts and secret are those of the export; "
            f"look at them (pvc vm dump {vm.name})"
        )
    if gone := [node for node in manifest.metadata.node_limit if node not in vm.node_limit]:
        found.append(f"its node limit named nodes that are not here: {', '.join(gone)}")
    if vm.uuid != manifest.vm:
        found.append("the VM it was is still here: its network cards have the same MAC addresses")
    return found
