"""Accepting what is asked of one VM, by the table of pvc_core/decide/transitions.py."""

from __future__ import annotations

from collections.abc import Sequence

from pvc_core.decide.transitions import Act, decide_transition
from pvc_core.model.job import Job
from pvc_core.model.operations import RecoverVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.look import load_vm, look_at_cluster, unfinished_jobs
from pvc_tasks.handler import Admission
from pvc_tasks.operations.common import vm_lock, vm_objects
from pvc_tasks.world import World


def admit_change(act: Act, reference: str, world: World, node: str | None = None) -> Admission:
    """Raises the WrongState that says why not.

    What is so already has ended before it began, unless there is a job of the VM, begun or not: then it gets
    in line, and looks when its turn comes. A restart that only waits for its time makes way.
    """
    vm = load_vm(world.store, reference).value
    cluster = look_at_cluster(world.store)
    verdict = decide_transition(cluster, vm, act)
    if verdict.refusal is not None:
        raise verdict.refusal
    others = [seen.value for seen in unfinished_jobs(world.store, f"vm:{vm.uuid}")]
    where = node or decide_where(cluster, vm)
    objects, locks = vm_objects(vm.uuid, where), (vm_lock(vm.uuid),)
    if verdict.already and not others:
        return Admission(tree.node_queue(where), vm.name, objects, already=verdict.already)
    return Admission(tree.node_queue(where), vm.name, objects, locks, _made_way(act, others))


def decide_where(cluster: Cluster, vm: VmSpec) -> str:
    """The node that does it: where the VM is; one that is seen nowhere concerns the records alone, so that
    any node with a worker will do."""
    if vm.state is Wanted.START:
        return vm.node
    for name in (*cluster.seen_on(vm.uuid), vm.node):
        node = cluster.nodes.get(name)
        if node is not None and node.alive and node.worker:
            return name
    return next((name for name, node in sorted(cluster.nodes.items()) if node.alive and node.worker), vm.node)


def _made_way(act: Act, others: Sequence[Job]) -> tuple[str, ...]:
    if act in (Act.RECOVER, Act.MIGRATE):
        return ()
    return tuple(job.id for job in others if job.operation == RecoverVm.name)
