"""Random requests, of which those in `chance_records` are a part."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from pvc_sim import chance_records as records
from pvc_sim.given import Given


def a_node(chance: Random, given: Given) -> str:
    return chance.choice(list(given.nodes))


def a_name(chance: Random, given: Given) -> str:
    return chance.choice(list(given.vms) or ["vm1"])


def _any_name(chance: Random, given: Given) -> str:
    """Mostly of a VM that was given; or what one may be called by now."""
    return a_name(chance, given) if chance.random() < 0.8 else chance.choice(records.names(given))


def _flush(chance: Random, given: Given) -> str:
    policy = chance.choice(("", "", " --on-blocked shutdown", " --on-blocked stop", " --parallel 1"))
    return f"node flush {a_node(chance, given)}{policy}"


def _migrate(chance: Random, given: Given) -> str:
    target = chance.choice(("", f" --target {a_node(chance, given)}"))
    return f"vm migrate {a_name(chance, given)}{target}{chance.choice(('', ' --force', ' --deadline 20'))}"


def _transfer(chance: Random, given: Given) -> str:
    target = chance.choice(("", f" --target {a_node(chance, given)}"))
    verb = chance.choice((f"move {a_name(chance, given)}{target}", f"unmigrate {a_name(chance, given)}"))
    return f"vm {verb}{chance.choice(('', '', ' --then-stop'))}"


def _cancel(chance: Random, given: Given) -> str:
    task = chance.choice(("last", "last", "1", "2", f"1/{a_name(chance, given)}"))
    return f"task cancel {task}{chance.choice(('', '', ' --force'))}"


REQUESTS: tuple[Callable[[Random, Given], str], ...] = (
    _flush,
    _flush,
    _flush,
    lambda chance, given: f"node ready {a_node(chance, given)}",
    lambda chance, given: f"node ready {a_node(chance, given)}",
    _migrate,
    _transfer,
    lambda chance, given: f"vm start {_any_name(chance, given)}",
    lambda chance, given: f"vm shutdown {a_name(chance, given)}{chance.choice(('', ' --then-stop'))}",
    lambda chance, given: f"vm stop {_any_name(chance, given)}",
    lambda chance, given: (
        f"vm restart {a_name(chance, given)}{chance.choice(('', ' --force', ' --then-stop'))}"
    ),
    lambda chance, given: f"vm disable {a_name(chance, given)}{chance.choice(('', ' --force'))}",
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
