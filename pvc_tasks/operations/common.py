"""What several operations on VMs share."""

from __future__ import annotations

from typing import Literal

from pvc_core.errors import WrongState
from pvc_core.model.job import PlacementMark
from pvc_core.model.node import Domain
from pvc_core.model.snapshot import Node
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.look import load_vm, look_at_node
from pvc_core.store.port import Op
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.context import Context
from pvc_tasks.outcome import Reroute

LOOK_AGAIN_S = 1.0


def vm_objects(uuid: str, *nodes: str) -> tuple[str, ...]:
    return (f"vm:{uuid}", *(f"node:{node}" for node in dict.fromkeys(nodes)))


def vm_lock(uuid: str) -> str:
    """Held by the one job that may change a VM."""
    return f"vm.{uuid}"


def bump_placement(version: int, by: str) -> Op:
    """Make every plan that was made before this commit invalid; fails if that has happened already."""
    ref = tree.placement_ref()
    return Seen(ref, PlacementMark(), version).save(PlacementMark(by=by))


def bump_placement_now(store: Store, by: str) -> Op:
    """As `bump_placement`, for a change that no plan was made for."""
    return bump_placement(store.load(tree.placement_ref()).version, by)


def runs_here(hypervisor: Hypervisor, uuid: str) -> bool:
    domain = hypervisor.domain(uuid)
    return domain is not None and domain.active


def ask_node(ctx: Context, node: str, uuid: str) -> Literal["running", "absent", "unknown"]:
    """Whether another node runs a VM, by its agent's reports.

    Absence is proven only by a look at libvirt made after the job began to ask; an agent whose libvirt is
    silent reports what it knew before.
    """
    found = look_at_node(ctx.store, node)
    sequence = found.report.sequence if found.report is not None else 0
    asked = ctx.job.notes.get("asked", {})
    if node not in asked:
        ctx.remember(asked={**asked, node: sequence})
    domain = found.shown.get(uuid)
    if domain is not None and (domain.state == "running" or _paused_after_arrival(domain)):
        return "running"
    proven = found.able and domain is None and sequence > asked.get(node, sequence) + 1
    return "absent" if proven else "unknown"


def _paused_after_arrival(domain: Domain) -> bool:
    """One that is still on its way is paused for that, in libvirt's words; or half of one, in post-copy."""
    on_its_way = domain.starting or domain.reason.startswith(("migration", "postcopy", "post-copy"))
    return domain.state == "paused" and not on_its_way


def load_vm_here(ctx: Context, reference: str) -> Seen[VmSpec] | Reroute:
    """The VM, if this node is where its record places it; else where the job must go."""
    seen = load_vm(ctx.store, reference)
    node = seen.value.node
    if node == ctx.me.node:
        return seen
    return Reroute(tree.node_queue(node), f"{seen.value.name} is on {node} by now; going on there")


def check_node_answers(node: Node, why: str) -> None:
    """Raises WrongState for a node whose agent has no session."""
    if not node.alive:
        raise WrongState(
            f"node {node.name} does not answer; {why}",
            f"Bring {node.name} back (`pvc node info {node.name}`), then try again.",
            node=node.name,
        )


def reports_now(store: Store, *nodes: str) -> dict[str, int]:
    """The numbers of their present reports, for a VM's `report_marks`."""
    reports = store.find_many([tree.node_report(node) for node in nodes])
    return {node: seen.value.sequence for node, seen in zip(nodes, reports, strict=True) if seen is not None}


def stopped(vm: VmSpec, marks: dict[str, int], restart_on_ready: str | None = None) -> VmSpec:
    """The record of a VM whose domain is proven gone. Nodes it has just left may not have told that yet."""
    return vm.but(
        state=Wanted.STOP,
        moving_to=None,
        moving_job=None,
        restart_on_ready=restart_on_ready,
        report_marks={**vm.report_marks, **marks},
        crashes=(),
        running=None,
        left_down="",
    )
