"""What the tags of a VM make of the nodes that can take it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pvc_core.decide.refusal import refuse, refuse_company
from pvc_core.model.groups import named
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted


def wished(cluster: Cluster, vm: VmSpec, nodes: Collection[str], along: Collection[str]) -> dict[str, str]:
    """Where its companions would have it, and why; `along` are UUIDs of those that look for a node next."""
    others = cluster.companions(vm)
    coming = [other for other in others if other.uuid in along]
    there = [other for other in others if other.uuid not in along]
    joined = _joined([other for other in there if other.state is Wanted.START], nodes)
    if joined or not coming:
        return joined or _joined(there, nodes)
    room = f"it has room for {vm.name} together with {named(other.name for other in coming)}"
    return {name: room for name in nodes if _has_room_for(cluster, [vm, *coming], name)}


def _joined(others: Sequence[VmSpec], nodes: Collection[str]) -> dict[str, str]:
    there: dict[str, list[str]] = {}
    for other in others:
        there.setdefault(other.moving_to or other.node, []).append(other.name)
    return {name: f"it keeps together with {named(there[name])}" for name in nodes if name in there}


def _has_room_for(cluster: Cluster, vms: Sequence[VmSpec], name: str) -> bool:
    needed = sum(vm.charge_mib for vm in vms)
    return cluster.free_mib(name) >= needed and all(refuse(cluster, vm, name) is None for vm in vms)


def crowding(cluster: Cluster, vm: VmSpec, nodes: Collection[str]) -> dict[str, str]:
    """Nodes that are possible only because `apart` is set aside, and so come last."""
    beside = {name: refuse_company(cluster, vm, name) for name in nodes}
    return {name: f"although {refusal.message}" for name, refusal in beside.items() if refusal is not None}
