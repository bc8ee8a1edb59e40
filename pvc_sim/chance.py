"""Random scenarios: clusters, requests and faults that a seed decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pvc_core.model.vm import MigrationMethod
from pvc_sim import chance_records as records
from pvc_sim.given import Given, GivenMetadata, GivenNode, GivenVm
from pvc_sim.scenario import Event, Scenario

FIRST_S = 2.0
FAULT_MEAN_S = 8.0
EVENTS = 15
"""About so many, densely or far apart, where no length is asked for."""

HOUR_S = 3600.0

Pair = tuple[str, str]
"""What breaks, and what puts it right; empty for what needs no repair."""


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


def _node(chance: Random, given: Given) -> str:
    return chance.choice(list(given.nodes))


def _name(chance: Random, given: Given) -> str:
    return chance.choice(list(given.vms) or ["vm1"])


def _any_name(chance: Random, given: Given) -> str:
    """Mostly of a VM that was given; or what one may be called by now."""
    return _name(chance, given) if chance.random() < 0.8 else chance.choice(records.names(given))


def _flush(chance: Random, given: Given) -> str:
    policy = chance.choice(("", "", " --on-blocked shutdown", " --on-blocked stop", " --parallel 1"))
    return f"node flush {_node(chance, given)}{policy}"


def _migrate(chance: Random, given: Given) -> str:
    target = chance.choice(("", f" --target {_node(chance, given)}"))
    return f"vm migrate {_name(chance, given)}{target}{chance.choice(('', ' --force', ' --deadline 20'))}"


def _transfer(chance: Random, given: Given) -> str:
    target = chance.choice(("", f" --target {_node(chance, given)}"))
    verb = chance.choice((f"move {_name(chance, given)}{target}", f"unmigrate {_name(chance, given)}"))
    return f"vm {verb}{chance.choice(('', '', ' --then-stop'))}"


def _cancel(chance: Random, given: Given) -> str:
    task = chance.choice(("last", "last", "1", "2", f"1/{_name(chance, given)}"))
    return f"task cancel {task}{chance.choice(('', '', ' --force'))}"


REQUESTS: tuple[Callable[[Random, Given], str], ...] = (
    _flush,
    _flush,
    _flush,
    lambda chance, given: f"node ready {_node(chance, given)}",
    lambda chance, given: f"node ready {_node(chance, given)}",
    _migrate,
    _transfer,
    lambda chance, given: f"vm start {_any_name(chance, given)}",
    lambda chance, given: f"vm shutdown {_name(chance, given)}{chance.choice(('', ' --then-stop'))}",
    lambda chance, given: f"vm stop {_any_name(chance, given)}",
    lambda chance, given: (
        f"vm restart {_name(chance, given)}{chance.choice(('', ' --force', ' --then-stop'))}"
    ),
    lambda chance, given: f"vm disable {_name(chance, given)}{chance.choice(('', ' --force'))}",
    lambda chance, given: f"vm undefine {_any_name(chance, given)}",
    records.define,
    records.rename,
    records.change_metadata,
    records.change_tags,
    records.edit,
    records.edit,
    _cancel,
    _cancel,
)


def _part(chance: Random, given: Given) -> str:
    return f"{_node(chance, given)}/{chance.choice(('worker', 'worker', 'agent'))}"


def _kill(chance: Random, given: Given) -> Pair:
    part = _part(chance, given)
    return f"kill {part}", f"start {part}"


def _stop(chance: Random, given: Given) -> Pair:
    part = _part(chance, given)
    return f"stop {part}", f"cont {part}"


def _power(chance: Random, given: Given) -> Pair:
    node = _node(chance, given)
    return f"power off {node}", f"power on {node}"


def _net(chance: Random, given: Given) -> Pair:
    node = _node(chance, given)
    return f"net cut {node}", f"net heal {node}"


def _libvirt(chance: Random, given: Given) -> Pair:
    node = _node(chance, given)
    return chance.choice(((f"libvirt hang {node}", f"libvirt heal {node}"), (f"libvirt kill {node}", "")))


def _redis(chance: Random, _given: Given) -> Pair:
    way = chance.choice(("down", "freeze", "duplicate", "drop 0.5"))
    return chance.choice(((f"redis {way}", "redis up"), ("redis wipe", "")))


STATES = ("vm shutdown", "vm restart", "vm recover")
"""Kinds of tasks that end a guest and start it again."""


def _crash(chance: Random, _given: Given) -> Pair:
    kind = chance.choice(("node flush", "node ready", "vm migrate", "vm migrate", "vm start", *STATES))
    return f"{chance.choice(('crash', 'crash', 'stop'))} after step {chance.randint(1, 6)} of {kind}", ""


def _guest(chance: Random, given: Given) -> Pair:
    name = _name(chance, given)
    return chance.choice(
        (
            (f"migrate fail {name} {chance.randint(1, 6)} times", ""),
            (f"migrate slow {name} {chance.randint(5, 40)}", ""),
            (f"start fail {name} {chance.randint(1, 2)} times", ""),
            (f"guest deaf {name}", ""),
            (f"guest crash {name}", ""),
            (f"guest crash {name}", ""),
            (f"guest pause {name}", f"vm start {name}"),
            (f"guest busy {name} {chance.randint(10, 400)}", ""),
        )
    )


FAULTS: tuple[Callable[[Random, Given], Pair], ...] = (
    _kill,
    _kill,
    _stop,
    _stop,
    _power,
    _net,
    _libvirt,
    _redis,
    _crash,
    _crash,
    _guest,
    _guest,
    lambda chance, given: (f"expire {_part(chance, given)}", ""),
    lambda chance, given: (f"lose answer {chance.choice((_part(chance, given), 'api'))}", ""),
    lambda _chance, _given: ("zookeeper down", "zookeeper up"),
    lambda chance, given: (f"clock {_node(chance, given)} {chance.randint(-60, 60)}", ""),
)
