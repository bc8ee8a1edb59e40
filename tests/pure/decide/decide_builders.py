"""Small clusters for the tests of decisions: built by hand, or drawn by Hypothesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from pvc_core.decide.node_plan import Move, PlannedStep, Start, Stop
from pvc_core.model.node import Capacity, Domain, NodeReport, NodeSpec, NodeState
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.vm import MigrationMethod, NodeSelector, VmSpec, Wanted

JOB = "20260101t120000-aaaaaaaa"


def uuid_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def a_domain(number: int, state: str = "running", **more: Any) -> Domain:
    return Domain.model_validate({"uuid": uuid_of(number), "name": f"vm{number}", "state": state, **more})


def a_node(
    name: str,
    memory: int = 4096,
    state: NodeState = NodeState.READY,
    alive: bool = True,
    worker: bool = True,
    reported: bool = True,
    ok: bool = True,
    domains: Iterable[Domain] = (),
    **report: Any,
) -> Node:
    capacity = Capacity(memory_mib=memory, vcpus=report.pop("vcpus", 8))
    error = "" if ok else "no socket"
    seen = NodeReport(
        at=0, capacity=capacity, domains=tuple(domains), hypervisor_ok=ok, hypervisor_error=error, **report
    )
    spec = NodeSpec(name=name, address=f"{name}.lab", state=state)
    return Node(spec, seen if reported else None, alive, worker)


def a_vm(number: int, node: str = "hv1", memory: int = 128, **more: Any) -> VmSpec:
    fields = {"uuid": uuid_of(number), "name": f"vm{number}", "state": Wanted.START, "vcpus": 1}
    return VmSpec.model_validate({**fields, "node": node, "memory_mib": memory, **more})


def a_cluster(nodes: Iterable[Node], vms: Iterable[VmSpec] = ()) -> Cluster:
    return Cluster({node.name: node for node in nodes}, {vm.uuid: vm for vm in vms}, placement_version=7)


def three_nodes(*vms: VmSpec) -> Cluster:
    """hv1 closed for a flush; hv2 and hv3 ready, of 4 GiB each."""
    return a_cluster([a_node("hv1", state=NodeState.FLUSHING), a_node("hv2"), a_node("hv3")], vms)


def carried_out(cluster: Cluster, step: PlannedStep) -> Cluster:
    """The cluster once the step's job has ended well."""
    vm = cluster.vms[step.uuid]
    match step:
        case Move(target=target):
            home = None if vm.home == target else vm.home
            after = vm.but(node=target, previous_node=home, moving_to=None, moving_job=None)
        case Stop(restart=restart):
            after = vm.but(state=Wanted.STOP, restart_on_ready=vm.node if restart else None)
        case Start(node=node):
            after = vm.placed(node, state=Wanted.START, restart_on_ready=None)
    return cluster.with_vms([after])


def under_way(cluster: Cluster, step: PlannedStep) -> Cluster:
    """The cluster once the step's job has reserved its place."""
    if isinstance(step, Move):
        vm = cluster.vms[step.uuid]
        return cluster.with_vms([vm.but(moving_to=step.target, moving_job=JOB)])
    return carried_out(cluster, step)


def essence(steps: Iterable[PlannedStep]) -> list[tuple[str, str, str]]:
    """What will be done; the reasons may speak of figures that have changed."""
    return [(type(step).__name__, step.uuid, getattr(step, "target", "")) for step in steps]


def promised_mib(cluster: Cluster, steps: Iterable[PlannedStep]) -> Counter[str]:
    """Memory that the steps would add, by node."""
    added: Counter[str] = Counter()
    for step in steps:
        if not isinstance(step, Stop):
            node = step.target if isinstance(step, Move) else step.node
            added[node] += cluster.vms[step.uuid].memory_mib
    return added


TAGS = ((), (), (), ("apart:a",), ("together:b",), ("apart:a", "together:c"), ("together:b", "together:c"))
NAMES = ("hv1", "hv2", "hv3", "hv4")


@st.composite
def vms(draw: st.DrawFn, number: int) -> VmSpec:
    node = draw(st.sampled_from(("hv1", "hv1", "hv1", *NAMES[1:])))
    stopped = draw(st.sampled_from([False] * 4 + [True]))
    away = draw(st.sampled_from([None, *NAMES]))
    return a_vm(
        number,
        node,
        memory=draw(st.sampled_from([64, 300, 512, 700, 1024, 1500])),
        vcpus=draw(st.integers(1, 8)),
        state=Wanted.STOP if stopped else Wanted.START,
        previous_node=None if away == node else away,
        restart_on_ready=draw(st.sampled_from([None, node])) if stopped else None,
        node_limit=draw(st.sampled_from([(), (), ("hv1", "hv2"), ("hv1", "hv3", "hv4"), ("hv1",)])),
        node_selector=draw(st.sampled_from(NodeSelector)),
        autorestart=draw(st.booleans()),
        migration_method=draw(st.sampled_from([*[MigrationMethod.LIVE] * 3, *MigrationMethod])),
        tags=[{"name": tag} for tag in draw(st.sampled_from(TAGS))],
    )


@st.composite
def clusters(draw: st.DrawFn, first: NodeState = NodeState.FLUSHING) -> Cluster:
    """Four nodes with up to twelve VMs, most of them on hv1, which is in the state `first` and able.

    Room is scarce: what is interesting happens where it ends.
    """
    others = [
        a_node(
            name,
            memory=draw(st.integers(1, 4)) * 1024,
            state=draw(st.sampled_from([NodeState.READY] * 3 + [NodeState.FLUSHED])),
            alive=draw(st.sampled_from([True] * 4 + [False])),
            load=draw(st.floats(0, 8)),
            reserved_memory_mib=draw(st.sampled_from([0, 512])),
        )
        for name in NAMES[1:]
    ]
    nodes = [a_node("hv1", memory=draw(st.integers(2, 16)) * 1024, state=first), *others]
    count = draw(st.integers(0, 12))
    return a_cluster(nodes, [draw(vms(number)) for number in range(count)])
