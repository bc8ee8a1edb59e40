"""Where a new VM is at home."""

from __future__ import annotations

from pvc_core.decide.placement import Choice, Refused, decide_node
from pvc_core.decide.refusal import refuse_for_good
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import NodeSelector, VmSpec, Wanted


def decide_home(cluster: Cluster, vm: VmSpec) -> str | Refused:
    """The best node by its selector, beside what runs and what is only defined yet and mostly started soon.

    It needs no room yet. Where all of that has none, the open node with the least promised memory will do.
    """
    choice = decide_node(_with_untried(cluster), vm)
    if isinstance(choice, Refused):
        choice = decide_node(cluster, vm.but(node_selector=NodeSelector.MEMPROV))
    if isinstance(choice, Choice):
        return choice.node
    possible = vm.node_limit or cluster.nodes
    return min(possible, key=lambda name: _last_resort(cluster, vm, name)) if possible else choice


def _with_untried(cluster: Cluster) -> Cluster:
    """As if those ran that have never run so far."""
    untried = [vm for vm in cluster.vms.values() if vm.state is Wanted.STOP and not vm.stays]
    return cluster.with_vms([vm.but(state=Wanted.START) for vm in untried])


def _last_resort(cluster: Cluster, vm: VmSpec, name: str) -> tuple[bool, int, str]:
    closed = refuse_for_good(cluster.node(name), vm) is not None
    return closed, cluster.load(name).promised_mib, name
