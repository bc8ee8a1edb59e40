"""The five ways to say which node is best: a table of keys, the lowest wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.vm import NodeSelector

Key = Callable[[Cluster, Node], float]


def _cpus(node: Node) -> int:
    return max(1, node.report.capacity.vcpus) if node.report else 1


def _by_free_memory(cluster: Cluster, node: Node) -> float:
    return -cluster.free_mib(node.name)


def _by_promised_memory(cluster: Cluster, node: Node) -> float:
    return cluster.load(node.name).promised_mib


def _by_vcpus(cluster: Cluster, node: Node) -> float:
    return cluster.load(node.name).vcpus / _cpus(node)


def _by_vms(cluster: Cluster, node: Node) -> float:
    return len(cluster.charged(node.name))


def _by_load(cluster: Cluster, node: Node) -> float:
    return (node.report.load if node.report else 0.0) / _cpus(node)


@dataclass(frozen=True)
class Selector:
    """The lowest key wins; the words say of what the winner has the most or least."""

    key: Key
    words: str


SELECTORS: Mapping[NodeSelector, Selector] = {
    NodeSelector.MEM: Selector(_by_free_memory, "the most free memory"),
    NodeSelector.MEMPROV: Selector(_by_promised_memory, "the least promised memory"),
    NodeSelector.VCPUS: Selector(_by_vcpus, "the fewest vCPUs per CPU"),
    NodeSelector.VMS: Selector(_by_vms, "the fewest VMs"),
    NodeSelector.LOAD: Selector(_by_load, "the lowest load"),
}
