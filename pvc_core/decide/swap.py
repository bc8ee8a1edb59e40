"""Making room at home for VMs that come back, when others that are away from theirs take it up.

Two full nodes, each with VMs of the other: somebody has to go first. A VM that is away on the full node
goes home if there is room, else to a third node for a while; once the first has come home, and so freed its
place, the other follows. Only VMs that are away from home are asked to make room, only live, and each once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pvc_core.decide.placement import Choice, Terms, decide_node, refuse
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import MigrationMethod, VmSpec, Wanted


@dataclass(frozen=True)
class Detour:
    """A VM that makes room, where it goes, and why."""

    vm: VmSpec
    target: str
    reason: str


@dataclass(frozen=True)
class Room:
    """How a VM gets the room it needs: by these moves, or by those under way already."""

    detours: tuple[Detour, ...] = ()
    coming: bool = False


def make_room(cluster: Cluster, node: str, returning: VmSpec, untouched: Collection[str]) -> Room | None:
    """None when nothing can be moved out of the way; `untouched` are UUIDs nobody may move for it."""
    missing = returning.charge_mib - cluster.free_mib(node) - _leaving_mib(cluster, node)
    if missing <= 0:
        return Room(coming=True)
    detours: list[Detour] = []
    for vm in _guests(cluster, node, untouched, missing):
        detour = _send_away(cluster, node, vm, returning)
        if detour is None:
            continue
        detours.append(detour)
        cluster = cluster.with_vms([vm.but(moving_to=detour.target)])
        missing -= vm.charge_mib
        if missing <= 0:
            return Room(tuple(detours))
    return None


def _leaving_mib(cluster: Cluster, node: str) -> int:
    return sum(vm.charge_mib for vm in cluster.charged(node) if vm.node == node and vm.moving_to is not None)


def _guests(cluster: Cluster, node: str, untouched: Collection[str], missing: int) -> Sequence[VmSpec]:
    """Those that could make room: one that is enough by itself first, the smallest of these; else the
    largest."""
    away = [
        vm
        for vm in cluster.vms_on(node)
        if vm.previous_node is not None and vm.state is Wanted.START and vm.moving_to is None
        if vm.migration_method is MigrationMethod.LIVE and vm.uuid not in untouched
    ]
    enough = sorted((vm for vm in away if vm.charge_mib >= missing), key=lambda vm: (vm.charge_mib, vm.name))
    rest = sorted((vm for vm in away if vm.charge_mib < missing), key=lambda vm: (-vm.charge_mib, vm.name))
    return [*enough, *rest]


def _send_away(cluster: Cluster, node: str, vm: VmSpec, returning: VmSpec) -> Detour | None:
    home = vm.home
    if home in cluster.nodes and refuse(cluster, vm, home) is None:
        return Detour(vm, home, f"it goes home, which makes room for {returning.name}")
    found = decide_node(cluster, vm, Terms(without={node}))
    if isinstance(found, Choice):
        return Detour(vm, found.node, f"it makes room for {returning.name}, and goes home once there is room")
    return None
