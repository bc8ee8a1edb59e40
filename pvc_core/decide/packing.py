"""Nodes for many VMs at once: each by its own selector, as long as that leaves no more of them without one.

A VM that takes the roomiest node may take it from one that fits nowhere else. So each choice is tried against
first-fit decreasing for those that follow, the yardstick: a choice that would leave more of them without a
node than the yardstick does is passed over for the next one, and at last for the yardstick's own. Each choice
depends on nothing but the cluster and the VMs that are left, so an interrupted plan is resumed by planning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pvc_core.decide.placement import Choice, Ranking, Refused, Terms, rank_nodes
from pvc_core.decide.refusal import refuse_for_good
from pvc_core.model.groups import TagRule, groups
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec

TRIED = 3
"""Choices that are tried before the yardstick's own."""

Found = Mapping[str, Choice | Refused]


def place_all(cluster: Cluster, vms: Sequence[VmSpec], terms: Mapping[str, Terms]) -> Found:
    """By UUID, for each VM a node or why there is none; chosen in the order of the VMs, `terms` by UUID."""
    shelves = Shelves.of(cluster, vms, terms)
    outlook: Mapping[str, str] = shelves.pack()
    found: dict[str, Choice | Refused] = {}
    for vm in vms:
        need, shelves = shelves.take(vm.uuid)
        ranking = rank_nodes(cluster, vm, replace(terms[vm.uuid], along=shelves.waiting))
        if not ranking.choices:
            found[vm.uuid] = Refused(ranking.refusals)
            continue
        choice, shelves, outlook = _choose(need, ranking, shelves, outlook)
        found[vm.uuid] = choice
        cluster = cluster.with_vms([vm.but(moving_to=choice.node)])
    return found


def _choose(
    need: Need, ranking: Ranking, shelves: Shelves, outlook: Mapping[str, str]
) -> tuple[Choice, Shelves, Mapping[str, str]]:
    """The choice, the shelves with the VM on them, and the yardstick for the rest."""
    wanting = 1 + len(shelves.waiting) - len(outlook)
    tried = []
    for choice in _in_question(ranking, outlook.get(need.uuid)):
        after = shelves.put(need, choice.node)
        rest = after.pack()
        tried.append((choice, after, rest))
        if len(after.waiting) - len(rest) <= wanting:
            break
    return max(tried, key=lambda option: len(option[2]))


def _in_question(ranking: Ranking, yardstick: str | None) -> Iterator[Choice]:
    first, *others = ranking.choices
    yield first
    for number, choice in enumerate(others, start=2):
        if number <= TRIED or choice.node == yardstick:
            yield Choice(choice.node, "it leaves room for those that follow")


@dataclass(frozen=True)
class Need:
    """What a VM needs of a node, and the nodes that nothing but room or neighbours can close to it."""

    uuid: str
    mib: int
    nodes: tuple[str, ...]
    apart: tuple[str, ...]


@dataclass(frozen=True)
class Shelves:
    """The yardstick's view of the cluster: room, neighbours that keep others away, and who waits."""

    free: Mapping[str, int]
    taken: frozenset[tuple[str, str]]
    waiting: Mapping[str, Need]
    """The largest first."""

    @staticmethod
    def of(cluster: Cluster, vms: Sequence[VmSpec], terms: Mapping[str, Terms]) -> Shelves:
        needs = [_need(cluster, vm, terms[vm.uuid]) for vm in sorted(vms, key=largest_first)]
        return Shelves(
            {name: cluster.free_mib(name) for name in cluster.nodes},
            frozenset((name, tag) for name in cluster.nodes for tag in cluster.load(name).apart),
            {need.uuid: need for need in needs},
        )

    def take(self, uuid: str) -> tuple[Need, Shelves]:
        """One that waits, and the shelves without it."""
        waiting = dict(self.waiting)
        return waiting.pop(uuid), replace(self, waiting=waiting)

    def put(self, need: Need, node: str) -> Shelves:
        free = {**self.free, node: self.free[node] - need.mib}
        return replace(self, free=free, taken=self.taken.union((node, tag) for tag in need.apart))

    def pack(self) -> dict[str, str]:
        """First-fit decreasing: the nodes of those it finds one for."""
        free, taken = dict(self.free), set(self.taken)
        packed = {}
        for need in self.waiting.values():
            node = _first_fit(need, free, taken)
            if node is not None:
                packed[need.uuid] = node
                free[node] -= need.mib
                taken.update((node, tag) for tag in need.apart)
        return packed


def _first_fit(need: Need, free: Mapping[str, int], taken: set[tuple[str, str]]) -> str | None:
    mib = need.mib
    for node in need.nodes:
        if free[node] >= mib and not (need.apart and any((node, tag) in taken for tag in need.apart)):
            return node
    return None


def _need(cluster: Cluster, vm: VmSpec, terms: Terms) -> Need:
    closed = {*terms.without, *terms.known}
    names = (name for name in sorted(cluster.nodes) if name not in closed)
    open_to = (name for name in names if refuse_for_good(cluster.node(name), vm) is None)
    apart = () if TagRule.APART in terms.despite else groups(vm, TagRule.APART)
    return Need(vm.uuid, vm.charge_mib, tuple(open_to), apart)


def hardest_first(cluster: Cluster, vms: Iterable[VmSpec]) -> list[VmSpec]:
    """The largest first; what belongs together stands together, and counts as one, wherever it is by now."""

    def weight(vm: VmSpec) -> tuple[int, str, int, str]:
        bundle = [vm, *cluster.companions(vm)]
        total = sum(other.charge_mib for other in bundle)
        return -total, min(other.name for other in bundle), *largest_first(vm)

    return sorted(vms, key=weight)


def largest_first(vm: VmSpec) -> tuple[int, str]:
    return -vm.charge_mib, vm.name
