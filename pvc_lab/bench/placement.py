"""Planning on 50 nodes with 2000 VMs: how fast, and how well beside first-fit decreasing. Needs no lab."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import median
from time import process_time

from pvc_core.decide.packing import Found, hardest_first, place_all
from pvc_core.decide.placement import Choice, Terms
from pvc_core.model.node import Capacity, NodeReport, NodeSpec, NodeState
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.vm import NodeSelector, VmSpec, Wanted
from pvc_lab.bench.figure import Figure

NODES, VMS = 50, 2000
SIZES_MIB = (1024, 2048, 4096, 8192, 16384)
WEIGHTS = (8, 6, 4, 2, 1)
ROUNDS = 3


def measure() -> Iterator[Figure]:
    """With room, with hardly any, and beside a snapshot that counts everything again after each step."""
    for what, count, spare in (
        ("1 node", 1, 1.5),
        ("10 nodes", 10, 1.5),
        ("10 nodes, scarce room", 10, 1.24),
    ):
        cluster, vms = emptied(a_cluster(spare), count)
        took, found = _plan(cluster, vms)
        detail = f"processor time for {len(vms)} of {VMS} VMs; median of {ROUNDS}"
        yield Figure(f"plan: emptying {what}", took, 2, "s", detail)
        yield from _quality(cluster, vms, found, what)
    cluster, vms = emptied(a_cluster(1.5), 10)
    ours = median(timed(lambda: place_all(cluster, vms, terms_of(vms))) for _ in range(ROUNDS))
    anew = timed(lambda: place_all(_forgetful(cluster), vms, terms_of(vms)))
    yield Figure(
        "plan / with everything counted anew for each VM",
        ours / anew,
        0.4,
        "x",
        f"{ours:.2f} s, {anew:.2f} s",
    )


def timed(work: Callable[[], object]) -> float:
    """Processor time: planning waits for nothing."""
    start = process_time()
    work()
    return process_time() - start


def _plan(cluster: Cluster, vms: Sequence[VmSpec]) -> tuple[float, Found]:
    found: list[Found] = []
    took = median(
        timed(lambda: found.append(place_all(_fresh(cluster), vms, terms_of(vms)))) for _ in range(ROUNDS)
    )
    return took, found[0]


def _quality(cluster: Cluster, vms: Sequence[VmSpec], found: Found, what: str) -> Iterator[Figure]:
    left = sum(not isinstance(choice, Choice) for choice in found.values())
    yardstick = first_fit_decreasing(cluster, vms)
    detail = f"{left} beside {yardstick}"
    yield Figure(
        f"plan: emptying {what}: left over beyond first-fit decreasing",
        max(0, left - yardstick),
        0,
        "",
        detail,
    )
    full = _overfilled(cluster, vms, found)
    yield Figure(f"plan: emptying {what}: nodes overfilled", len(full), 0, "", ", ".join(full))


def a_cluster(spare: float, seed: int = 7) -> Cluster:
    """Every node runs as many VMs, and has `spare` times the room that the average node needs."""
    dice = Random(seed)
    vms = [_a_vm(number, dice) for number in range(VMS)]
    room = int(sum(vm.memory_mib for vm in vms) / NODES * spare)
    nodes = [_a_node(f"hv{number + 1}", room, dice) for number in range(NODES)]
    return Cluster({node.name: node for node in nodes}, {vm.uuid: vm for vm in vms})


def _a_vm(number: int, dice: Random) -> VmSpec:
    home = number % NODES + 1
    limit = [f"hv{n}" for n in dice.sample(range(1, NODES + 1), 12)] if number % 10 == 0 else []
    tags = [{"name": f"apart:{number // 30}"}] if number % 3 == 0 else []
    fields = {
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "name": f"vm{number}",
        "state": Wanted.START,
        "node": f"hv{home}",
        "vcpus": dice.randint(1, 8),
        "memory_mib": dice.choices(SIZES_MIB, WEIGHTS)[0],
        "node_selector": dice.choice(list(NodeSelector)),
        "node_limit": limit,
        "tags": tags,
    }
    return VmSpec.model_validate(fields)


def _a_node(name: str, room: int, dice: Random) -> Node:
    report = NodeReport(
        at=0, capacity=Capacity(memory_mib=room, vcpus=64), hypervisor_ok=True, load=dice.random() * 32
    )
    return Node(NodeSpec(name=name, address=name), report, alive=True, worker=True)


def emptied(cluster: Cluster, count: int) -> tuple[Cluster, list[VmSpec]]:
    """With that many nodes closed, and the VMs that must find another."""
    closed = [f"hv{number + 1}" for number in range(count)]
    nodes = {name: _closed(node) if name in closed else node for name, node in cluster.nodes.items()}
    after = replace(cluster, nodes=nodes)
    return after, hardest_first(after, (vm for vm in after.vms.values() if vm.node in closed))


def _closed(node: Node) -> Node:
    return replace(node, spec=node.spec.but(state=NodeState.FLUSHING))


def terms_of(vms: Iterable[VmSpec]) -> Mapping[str, Terms]:
    return {vm.uuid: Terms(without={vm.node}) for vm in vms}


def first_fit_decreasing(cluster: Cluster, vms: Iterable[VmSpec]) -> int:
    """How many it leaves over, under the same limits and tags."""
    free = {name: cluster.free_mib(name) for name in sorted(cluster.nodes) if cluster.node(name).ready}
    tags = {name: set(cluster.load(name).apart) for name in free}
    left = 0
    for vm in sorted(vms, key=lambda vm: (-vm.memory_mib, vm.name)):
        apart = {tag.name for tag in vm.tags}
        for name, room in free.items():
            if (
                room >= vm.memory_mib
                and (not vm.node_limit or name in vm.node_limit)
                and not apart & tags[name]
            ):
                free[name] -= vm.memory_mib
                tags[name] |= apart
                break
        else:
            left += 1
    return left


def _overfilled(cluster: Cluster, vms: Iterable[VmSpec], found: Found) -> list[str]:
    """Nodes that were given more than they had room for."""
    given: Counter[str] = Counter()
    for vm in vms:
        choice = found[vm.uuid]
        if isinstance(choice, Choice):
            given[choice.node] += vm.memory_mib
    return [name for name, mib in given.items() if mib > cluster.free_mib(name)]


def _fresh(cluster: Cluster) -> Cluster:
    """As just read: nothing is counted yet."""
    return replace(cluster)


class _Forgetful(Cluster):
    """Counts everything again after each step."""

    def with_vms(self, changed: Iterable[VmSpec]) -> Cluster:
        return replace(self, vms={**self.vms, **{vm.uuid: vm for vm in changed}})


def _forgetful(cluster: Cluster) -> Cluster:
    return _Forgetful(cluster.nodes, cluster.vms)
