"""Random faults, each with what puts it right."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from pvc_sim.chance_requests import a_name, a_node
from pvc_sim.given import Given

Pair = tuple[str, str]
"""What breaks, and what puts it right; empty for what needs no repair."""


def _part(chance: Random, given: Given) -> str:
    return f"{a_node(chance, given)}/{chance.choice(('worker', 'worker', 'agent'))}"


def _kill(chance: Random, given: Given) -> Pair:
    part = _part(chance, given)
    return f"kill {part}", f"start {part}"


def _stop(chance: Random, given: Given) -> Pair:
    part = _part(chance, given)
    return f"stop {part}", f"cont {part}"


def _power(chance: Random, given: Given) -> Pair:
    node = a_node(chance, given)
    return f"power off {node}", f"power on {node}"


def _net(chance: Random, given: Given) -> Pair:
    node = a_node(chance, given)
    return f"net cut {node}", f"net heal {node}"


def _libvirt(chance: Random, given: Given) -> Pair:
    node = a_node(chance, given)
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
    name = a_name(chance, given)
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
    lambda chance, given: (f"clock {a_node(chance, given)} {chance.randint(-60, 60)}", ""),
)
