"""What each node carries, by what is wanted; counted once, then only where a plan's step changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pvc_core.model.groups import TagRule, groups
from pvc_core.model.vm import VmSpec, Wanted


@dataclass(frozen=True)
class Load:
    """The VMs that concern a node: those recorded there, running or not, and those on their way to it."""

    node: str
    vms: Mapping[str, VmSpec] = field(default_factory=dict)

    @cached_property
    def charged(self) -> tuple[VmSpec, ...]:
        """The running and the arriving: whose memory on this node is spoken for."""
        return tuple(vm for vm in self.vms.values() if self._speaks_for(vm))

    def _speaks_for(self, vm: VmSpec) -> bool:
        return vm.state is Wanted.START or vm.moving_to == self.node

    @cached_property
    def charged_mib(self) -> int:
        return sum(vm.charge_mib for vm in self.charged)

    @cached_property
    def promised_mib(self) -> int:
        """To all that is defined, running or not."""
        return sum(vm.memory_mib for vm in self.vms.values())

    @cached_property
    def vcpus(self) -> int:
        return sum(vm.vcpus for vm in self.charged)

    @cached_property
    def apart(self) -> Mapping[str, tuple[VmSpec, ...]]:
        """Who keeps others of its tag away, by tag."""
        found: dict[str, tuple[VmSpec, ...]] = {}
        for vm in self.charged:
            for tag in groups(vm, TagRule.APART):
                found[tag] = (*found.get(tag, ()), vm)
        return found


def loads_of(vms: Iterable[VmSpec]) -> dict[str, Load]:
    by_node: dict[str, dict[str, VmSpec]] = {}
    for vm in vms:
        for node in concerned(vm):
            by_node.setdefault(node, {})[vm.uuid] = vm
    return {node: Load(node, found) for node, found in by_node.items()}


def reload(loads: Mapping[str, Load], old: Iterable[VmSpec], new: Iterable[VmSpec]) -> dict[str, Load]:
    """As `loads_of` once the old records are the new ones: only the nodes they concern are counted again."""
    touched: dict[str, dict[str, VmSpec]] = {}
    for vm in old:
        for node in concerned(vm):
            _of(touched, loads, node).pop(vm.uuid, None)
    for vm in new:
        for node in concerned(vm):
            _of(touched, loads, node)[vm.uuid] = vm
    return {**loads, **{node: Load(node, vms) for node, vms in touched.items()}}


def _of(touched: dict[str, dict[str, VmSpec]], loads: Mapping[str, Load], node: str) -> dict[str, VmSpec]:
    if node not in touched:
        touched[node] = dict(loads[node].vms) if node in loads else {}
    return touched[node]


def concerned(vm: VmSpec) -> tuple[str, ...]:
    """The nodes that count it."""
    return (vm.node,) if vm.moving_to in (None, vm.node) else (vm.node, vm.moving_to)
