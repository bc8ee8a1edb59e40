"""Which node takes a VM: every node is either ranked or refused with a reason.

Memory is counted by what is wanted, never by lagging reports: what runs or should run on a node, and
what is on its way there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from pvc_core.errors import NoPlacement
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.vm import NodeSelector, VmSpec

MAX_NAMED = 6
"""Nodes named in one sentence."""


@dataclass(frozen=True)
class Refusal:
    """Why a node cannot take a VM, and what would change that."""

    code: str
    message: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True)
class Choice:
    """The node chosen for a VM, and why."""

    node: str
    reason: str


@dataclass(frozen=True)
class Refused:
    """No node can take the VM: each with its refusal."""

    refusals: Mapping[str, Refusal]

    @property
    def code(self) -> str:
        """The one obstacle all nodes share, or that there is simply no ready node."""
        codes = {refusal.code for refusal in self.refusals.values()}
        return codes.pop() if len(codes) == 1 else "NO_READY_NODE"

    @property
    def message(self) -> str:
        if not self.refusals:
            return "there is no other node"
        each = [f"{node}: {refusal.message}" for node, refusal in sorted(self.refusals.items())]
        return "; ".join(_some(each))

    @property
    def remedy(self) -> str:
        each = list(dict.fromkeys(refusal.remedy for _, refusal in sorted(self.refusals.items())))
        return " Or: ".join(_some(each)) or "Add a node, or make one ready (`pvc node ready`)."

    def error(self, name: str) -> NoPlacement:
        refusals = {node: refusal.as_dict() for node, refusal in self.refusals.items()}
        return NoPlacement(f"no node can take {name}: {self.message}", self.remedy, refusals=refusals)


def _some(parts: list[str]) -> list[str]:
    """On a large cluster a sentence about every node would fill a task's record."""
    more = len(parts) - MAX_NAMED
    return parts if more <= 0 else [*parts[:MAX_NAMED], f"and {more} more"]


NONE_KNOWN: Mapping[str, Refusal] = {}


def decide_node(
    cluster: Cluster,
    vm: VmSpec,
    without: Collection[str] = (),
    known: Mapping[str, Refusal] = NONE_KNOWN,
) -> Choice | Refused:
    """The best node for a VM among all but `without`; its home first when that is ready for it.

    `known` are refusals that experience has taught, such as a migration that failed.
    """
    candidates = [name for name in cluster.nodes if name not in without]
    refusals = {
        name: refusal
        for name in candidates
        if (refusal := known.get(name) or refuse(cluster, vm, name)) is not None
    }
    fits = [name for name in candidates if name not in refusals]
    if not fits:
        return Refused(refusals)
    if vm.previous_node in fits:
        return Choice(vm.previous_node, "it is its home")
    key, words = SELECTORS[vm.node_selector]
    best = min(fits, key=lambda name: (key(cluster, cluster.node(name)), name))
    return Choice(best, f"{words} of {len(fits)} possible" if len(fits) > 1 else "the only possible node")


def refuse(cluster: Cluster, vm: VmSpec, name: str) -> Refusal | None:
    """Why this node cannot take the VM; None when it can. The cases are in order of finality."""
    node = cluster.node(name)
    if vm.node_limit and name not in vm.node_limit:
        return Refusal(
            "NODE_LIMIT",
            f"{vm.name} may run only on {', '.join(vm.node_limit)}",
            f"Make one of {', '.join(vm.node_limit)} ready, or change the node limit.",
        )
    if not node.able:
        return Refusal("NODE_DEAD", _why_unable(node), f"Bring {name} back (`pvc node info {name}`).")
    if not node.ready:
        return Refusal("NODE_NOT_READY", f"it is {node.spec.state}", f"Run `pvc node ready {name}`.")
    if (free := cluster.free_mib(name)) < vm.memory_mib:
        return Refusal(
            "NOT_ENOUGH_MEMORY",
            f"{max(free, 0)} MiB free, {vm.memory_mib} MiB needed",
            f"Free {vm.memory_mib - free} MiB on {name}.",
        )
    return None


def _why_unable(node: Node) -> str:
    if not node.alive:
        return "it does not answer"
    if node.report is None:
        return "it has not reported yet"
    return f"its hypervisor does not answer: {node.report.hypervisor_error}"


Key = Callable[[Cluster, Node], float]


def _cpus(node: Node) -> int:
    return max(1, node.report.capacity.vcpus) if node.report else 1


def _by_free_memory(cluster: Cluster, node: Node) -> float:
    return -cluster.free_mib(node.name)


def _by_promised_memory(cluster: Cluster, node: Node) -> float:
    return sum(vm.memory_mib for vm in cluster.vms.values() if node.name in (vm.node, vm.moving_to))


def _by_vcpus(cluster: Cluster, node: Node) -> float:
    return sum(vm.vcpus for vm in cluster.charged(node.name)) / _cpus(node)


def _by_vms(cluster: Cluster, node: Node) -> float:
    return len(cluster.charged(node.name))


def _by_load(cluster: Cluster, node: Node) -> float:
    return (node.report.load if node.report else 0.0) / _cpus(node)


SELECTORS: Mapping[NodeSelector, tuple[Key, str]] = {
    NodeSelector.MEM: (_by_free_memory, "the most free memory"),
    NodeSelector.MEMPROV: (_by_promised_memory, "the least promised memory"),
    NodeSelector.VCPUS: (_by_vcpus, "the fewest vCPUs per CPU"),
    NodeSelector.VMS: (_by_vms, "the fewest VMs"),
    NodeSelector.LOAD: (_by_load, "the lowest load"),
}
