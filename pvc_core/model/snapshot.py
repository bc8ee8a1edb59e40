"""The cluster as read at one moment; what every decision is made on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from pvc_core.errors import NotFound
from pvc_core.model.groups import Bundle, TagRule, bundles, groups
from pvc_core.model.load import Load, loads_of, reload
from pvc_core.model.node import Domain, NodeReport, NodeSpec, NodeState
from pvc_core.model.vm import VmSpec

NOBODY: Bundle = frozenset()


@dataclass(frozen=True)
class Node:
    """A node: wanted, reported, and whether its two processes have a session."""

    spec: NodeSpec
    report: NodeReport | None = None
    alive: bool = False
    worker: bool = False

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def ready(self) -> bool:
        """It may be given VMs."""
        return self.spec.state is NodeState.READY and self.able

    @property
    def able(self) -> bool:
        """It is there, seen, and its hypervisor answers."""
        return self.alive and self.report is not None and self.report.hypervisor_ok

    @property
    def room_mib(self) -> int:
        """Memory for VMs: all of it less what is reserved for the host."""
        if self.report is None:
            return 0
        return self.report.capacity.memory_mib - self.report.reserved_memory_mib

    @property
    def domains(self) -> tuple[Domain, ...]:
        return () if self.report is None else self.report.domains

    @property
    def addresses(self) -> tuple[str, ...]:
        """All it has: a client of the storage with one of them is on this node."""
        seen = self.report.storage_address if self.report is not None else ""
        return tuple(dict.fromkeys(filter(None, (*self.spec.addresses, seen))))

    @cached_property
    def shown(self) -> Mapping[str, Domain]:
        """What it reports, by UUID."""
        return {domain.uuid: domain for domain in self.domains}


@dataclass(frozen=True)
class Cluster:
    """All nodes and VMs, with the version that a plan made from this must be committed against."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    vms: Mapping[str, VmSpec] = field(default_factory=dict)
    placement_version: int = 0
    vm_versions: Mapping[str, int] = field(default_factory=dict)
    """Of each VM's record, for a change that concerns it alone."""

    def node(self, name: str) -> Node:
        """Raises NotFound."""
        node = self.nodes.get(name)
        if node is None:
            raise NotFound(f"there is no node {name}", "See `pvc node list`.")
        return node

    def vms_on(self, node: str) -> list[VmSpec]:
        """Those whose record places them there, by name."""
        return sorted((vm for vm in self.vms.values() if vm.node == node), key=lambda vm: vm.name)

    @cached_property
    def _loads(self) -> Mapping[str, Load]:
        return loads_of(self.vms.values())

    def load(self, node: str) -> Load:
        """What it carries."""
        return self._loads.get(node) or Load(node)

    def charged(self, node: str) -> tuple[VmSpec, ...]:
        """The running and the arriving: whose memory on that node is spoken for."""
        return self.load(node).charged

    def charged_mib(self, node: str) -> int:
        return self.load(node).charged_mib

    def free_mib(self, node: str) -> int:
        """May be negative: a node can be overfilled by hand."""
        return self.node(node).room_mib - self.charged_mib(node)

    @cached_property
    def carried(self) -> list[VmSpec]:
        """VMs whose migration is under way. With its source, which drives it, a migration has ended, although
        nobody knows yet what became of the VM."""
        return [vm for vm in self.vms.values() if vm.moving_to is not None and self._is_there(vm.node)]

    def _is_there(self, name: str) -> bool:
        node = self.nodes.get(name)
        return node is not None and (node.alive or node.worker)

    def arriving(self, node: str) -> int:
        return sum(vm.moving_to == node for vm in self.carried)

    def leaving(self, node: str) -> int:
        return sum(vm.node == node for vm in self.carried)

    def moving(self) -> int:
        return len(self.carried)

    def with_vms(self, changed: Iterable[VmSpec]) -> Cluster:
        """As it will be once these records are saved. What need not be counted again is carried on."""
        new = {vm.uuid: vm for vm in changed}
        old = [self.vms[uuid] for uuid in new if uuid in self.vms]
        after = replace(self, vms={**self.vms, **new})
        vars(after)["_loads"] = reload(self._loads, old, new.values())
        return after

    @cached_property
    def _bundles(self) -> Mapping[str, Bundle]:
        return bundles(self.vms)

    def companions(self, vm: VmSpec) -> list[VmSpec]:
        """The others that its tags want to be where it is, by name; also of one that is not defined yet."""
        if not groups(vm, TagRule.TOGETHER):
            return []
        found = self._bundles if vm.uuid in self.vms else bundles({**self.vms, vm.uuid: vm})
        others = found.get(vm.uuid, NOBODY) - {vm.uuid}
        return sorted((self.vms[uuid] for uuid in others), key=lambda vm: vm.name)

    def catching_up(self, vm: VmSpec) -> bool:
        """Whether reports may still show the VM as it was before its last recorded change."""
        return any(self.behind(vm, node) for node in vm.report_marks)

    def behind(self, vm: VmSpec, node: str) -> bool:
        """The same of one node's report; that of a node the change did not concern is not."""
        number = vm.report_marks.get(node)
        return number is not None and self._reported(node) <= number + 1

    def _reported(self, name: str) -> float:
        """The number of a living node's report; what is dead will never catch up."""
        node = self.nodes.get(name)
        return node.report.sequence if node and node.alive and node.report else float("inf")

    @cached_property
    def _sightings(self) -> Mapping[str, tuple[str, ...]]:
        seen: dict[str, list[str]] = {}
        for name in sorted(self.nodes):
            node = self.nodes[name]
            for domain in node.domains if node.alive else ():
                if domain.active:
                    seen.setdefault(domain.uuid, []).append(name)
        return {uuid: tuple(names) for uuid, names in seen.items()}

    def seen_on(self, uuid: str) -> tuple[str, ...]:
        """Living nodes that report an active domain of that UUID, arriving copies included."""
        return self._sightings.get(uuid, ())
