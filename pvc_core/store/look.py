"""Gathering: reading the cluster into one snapshot, pipelined."""

from __future__ import annotations

from collections.abc import Sequence

from pvc_core.errors import NotFound, NotInitialised
from pvc_core.model.job import Job
from pvc_core.model.node import NodeReport
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store


def look_at_cluster(store: Store) -> Cluster:
    """Nodes, VMs and the placement version; the version is read first, so a plan can only be too old."""
    placement = store.find(tree.placement_ref())
    if placement is None:
        raise NotInitialised("this cluster is not initialised yet")
    node_names, vm_uuids = store.names_many([tree.NODES, tree.VMS])
    vms = store.load_present([tree.vm_spec(uuid) for uuid in vm_uuids])
    nodes = look_at_nodes(store, node_names)
    versions = {vm.value.uuid: vm.version for vm in vms}
    return Cluster(nodes, {vm.value.uuid: vm.value for vm in vms}, placement.version, versions)


def look_at_nodes(store: Store, names: Sequence[str]) -> dict[str, Node]:
    specs = store.find_many([tree.node_spec(name) for name in names])
    reports = store.find_many([tree.node_report(name) for name in names])
    alive = store.find_many([tree.node_alive(name) for name in names])
    workers = store.find_many([tree.node_worker(name) for name in names])
    return {
        name: Node(spec.value, _report(report), agent is not None, worker is not None)
        for name, spec, report, agent, worker in zip(names, specs, reports, alive, workers, strict=True)
        if spec is not None
    }


def look_at_node(store: Store, name: str) -> Node:
    """Raises NotFound."""
    nodes = look_at_nodes(store, [name])
    if name not in nodes:
        raise NotFound(f"there is no node {name}", "See `pvc node list`.")
    return nodes[name]


def find_vm(store: Store, reference: str) -> Seen[VmSpec] | None:
    """By name or UUID."""
    seen = store.find(tree.vm_spec(reference.lower()))
    if seen is not None:
        return seen
    name = store.find(tree.vm_name(reference))
    return None if name is None else store.find(tree.vm_spec(name.value.uuid))


def is_unfinished(store: Store, job: str | None) -> bool:
    """Whether there is such a job, and it has not ended."""
    seen = None if job is None else store.find(tree.job_ref(job))
    return seen is not None and not seen.value.state.finished


def unfinished_jobs(store: Store, subject: str) -> list[Seen[Job]]:
    """Those about an object (as `vm:UUID`), begun or not, in the order they were accepted."""
    about, queues = store.names_many([tree.object_path(subject), tree.QUEUES])
    queued = {
        job for names in store.names_many([tree.queue_path(queue) for queue in queues]) for job in names
    }
    found = store.load_present([tree.job_ref(job) for job in about if job in queued])
    unfinished = [seen for seen in found if not seen.value.state.finished]
    return sorted(unfinished, key=lambda seen: (seen.value.created, seen.value.id))


def load_vm(store: Store, reference: str) -> Seen[VmSpec]:
    """Raises NotFound, once it is sure."""
    seen = find_vm(store, reference)
    if seen is None:
        store.home.sync()
        seen = find_vm(store, reference)
    if seen is None:
        raise NotFound(f"there is no VM {reference}", "See `pvc vm list`.")
    return seen


def _report(seen: Seen[NodeReport] | None) -> NodeReport | None:
    return None if seen is None else seen.value
