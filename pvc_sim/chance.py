"""Random scenarios: clusters, requests and faults that a seed decides."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from pvc_core.model.vm import MigrationMethod
from pvc_sim import chance_records as records
from pvc_sim.chance_faults import FAULTS
from pvc_sim.chance_requests import REQUESTS
from pvc_sim.given import Given, GivenMetadata, GivenNode, GivenVm
from pvc_sim.scenario import Event, Scenario

FIRST_S = 2.0
FAULT_MEAN_S = 8.0
EVENTS = 15
"""About so many, densely or far apart, where no length is asked for."""

HOUR_S = 3600.0


@dataclass(frozen=True)
class Size:
    """How large the random clusters are; 0 lets the seed decide."""

    nodes: int = 0
    vms: int = 0
    hours: float = 0.0


def make_scenario(seed: int, size: Size) -> Scenario:
    """The same for the same seed and size."""
    chance = Random(seed)
    given = _given(chance, seed, size)
    gap = chance.choice((0.5, 1.5, 4.0))
    length = size.hours * HOUR_S or FIRST_S + EVENTS * gap
    events = sorted(_events(chance, given, length, gap), key=lambda event: event.at)
    end = Event(at=max(length, *(event.at for event in events)) + 1, do="heal all")
    return Scenario(f"seed {seed}", given, (*events, end), files=records.make_files(chance, given))


def _given(chance: Random, seed: int, size: Size) -> Given:
    nodes = [f"hv{number + 1}" for number in range(size.nodes or chance.randint(2, 4))]
    room = chance.choice((2048, 3072, 4096))
    free = dict.fromkeys(nodes, room)
    vms: dict[str, GivenVm] = {}
    for number in range(size.vms or chance.randint(2, 7)):
        vm = _vm(chance, nodes)
        if free[vm.node] >= vm.memory_mib:
            free[vm.node] -= vm.memory_mib
            vms[f"vm{number + 1}"] = vm
    # One coordinator there must be: they share what is no single node's work.
    spec = {
        name: GivenNode(memory_mib=room, coordinator=chance.random() < 0.7 or name == nodes[0])
        for name in nodes
    }
    config = {
        "hypervisor": {"reserved_memory_mib": 0, "migration": _limits(chance), "shutdown_timeout_s": 20}
    }
    return Given(
        nodes=spec, vms=vms, config=config, seed=str(seed), migration_s=chance.choice((0.3, 2.0, 6.0))
    )


def _limits(chance: Random) -> dict[str, object]:
    return {
        "parallel_out": chance.choice((1, 2, 4)),
        "parallel_in": chance.choice((1, 2, 4)),
        "deadline_s": chance.choice((60, 300)),
        "auto_converge": chance.random() < 0.5,
        "node_bandwidth_mib_s": chance.choice((None, None, 100, 400)),
    }


def _vm(chance: Random, nodes: list[str]) -> GivenVm:
    limited = chance.random() < 0.15
    node = chance.choice(nodes)
    metadata = GivenMetadata(
        node_limit=tuple(sorted({node, chance.choice(nodes)})) if limited else (),
        autorestart=chance.random() < 0.25,
        migration_method=MigrationMethod.LIVE
        if chance.random() < 0.8
        else chance.choice(list(MigrationMethod)),
        post_copy=chance.random() < 0.3,
    )
    state = "start" if chance.random() < 0.85 else "stop"
    return GivenVm.model_validate(
        {"memory_mib": chance.choice((256, 512, 1024)), "node": node, "state": state, "metadata": metadata}
    )


def _events(chance: Random, given: Given, length: float, gap: float) -> list[Event]:
    events, at, faulty = [], FIRST_S, chance.choice((0.3, 0.6))
    while at < length:
        if chance.random() < faulty:
            broken, repaired = chance.choice(FAULTS)(chance, given)
            events.append(Event(at=round(at, 2), do=broken))
            if repaired:
                until = at + chance.expovariate(1 / FAULT_MEAN_S)
                events.append(Event(at=round(until, 2), do=repaired))
        else:
            events.append(Event(at=round(at, 2), do=chance.choice(REQUESTS)(chance, given)))
        at += chance.expovariate(1 / gap)
    return events
