"""Why a node cannot take a VM; docs/placement.md lists the codes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pvc_core.model.groups import TagRule, groups, named
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.vm import VmSpec, Wanted


@dataclass(frozen=True)
class Refusal:
    """Why a node cannot take a VM, and what would change that."""

    code: str
    message: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


def refuse(cluster: Cluster, vm: VmSpec, name: str, despite: Collection[TagRule] = ()) -> Refusal | None:
    """Why this node cannot take the VM; None when it can. The cases are in order of finality."""
    refusal = refuse_for_good(cluster.node(name), vm)
    if refusal is None and TagRule.APART not in despite:
        refusal = refuse_company(cluster, vm, name)
    if refusal is None and (free := cluster.free_mib(name)) < vm.charge_mib:
        return _refuse_memory(cluster.node(name), vm, free)
    return refusal


def refuse_for_good(node: Node, vm: VmSpec) -> Refusal | None:
    """For a reason that no move of other VMs changes."""
    name = node.name
    if vm.node_limit and name not in vm.node_limit:
        return _refuse_limit(vm)
    if not node.able:
        return Refusal("NODE_DEAD", _why_unable(node), f"Bring {name} back (`pvc node info {name}`).")
    if not node.ready:
        return Refusal("NODE_NOT_READY", f"it is {node.spec.state}", f"Run `pvc node ready {name}`.")
    return None


def _refuse_memory(node: Node, vm: VmSpec, free: int) -> Refusal:
    """Where an empty node would be too small, freeing memory is no remedy."""
    remedy = f"Free {vm.charge_mib - free} MiB on {node.name}."
    if node.room_mib < vm.charge_mib:
        remedy = f"Make it smaller (`pvc vm memory set {vm.name} MIB`), or add a node that has so much."
    message = f"{max(free, 0)} MiB free, {vm.charge_mib} MiB needed"
    return Refusal("NOT_ENOUGH_MEMORY", message, remedy)


def _refuse_limit(vm: VmSpec) -> Refusal:
    """The node where it runs is no place to go to, so making that ready is no remedy."""
    elsewhere = [node for node in vm.node_limit if vm.state is not Wanted.START or node != vm.node]
    ready = f", or make {' or '.join(elsewhere)} ready" if elsewhere else ""
    return Refusal(
        "NODE_LIMIT",
        f"{vm.name} may run only on {', '.join(vm.node_limit)}",
        f"Widen the limit (`pvc vm meta {vm.name} --node-limit {','.join(vm.node_limit)},NODE`){ready}.",
    )


def refuse_company(cluster: Cluster, vm: VmSpec, name: str) -> Refusal | None:
    """A running VM there keeps this one away by a tag of both."""
    there = cluster.load(name).apart
    for tag in groups(vm, TagRule.APART):
        others = sorted(other.name for other in there.get(tag, ()) if other.uuid != vm.uuid)
        if others:
            return Refusal(
                "ANTI_AFFINITY",
                f"{named(others)} is there, and {tag} keeps them apart",
                f"Move {others[0]} away from {name}, remove the tag "
                f"(`pvc vm tag remove {vm.name} {tag}`), or move it there with --despite apart.",
            )
    return None


def refuse_parting(cluster: Cluster, vm: VmSpec, name: str) -> Refusal | None:
    """Why moving this VM there, and nobody else, would part it from its companions."""
    places = {
        other.name: other.moving_to or other.node
        for other in cluster.companions(vm)
        if other.state is Wanted.START
    }
    if not places or name in places.values():
        return None
    stay = [f"{other} on {node}" for other, node in places.items()]
    return Refusal(
        "KEEP_TOGETHER",
        f"its tags keep it together with {named(stay)}",
        f"Repeat with --despite together, then move {named(places)} to {name} as well.",
    )


def _why_unable(node: Node) -> str:
    if not node.alive:
        return "it does not answer"
    if node.report is None:
        return "it has not reported yet"
    return f"its hypervisor does not answer: {node.report.hypervisor_error}"
