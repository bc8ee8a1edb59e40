"""How many of a plan's steps may be under way at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pvc_core.decide.node_plan import Move, PlannedStep
from pvc_core.model.snapshot import Cluster

MAX_WAVE = 50
"""Steps begun at once: all their tasks are created in one commit, which has its bounds."""


@dataclass(frozen=True)
class Limits:
    """Migrations at a time: leaving one node, entering one node, in the whole cluster."""

    parallel_out: int
    parallel_in: int
    parallel_cluster: int


def decide_wave(steps: Iterable[PlannedStep], cluster: Cluster, limits: Limits) -> tuple[PlannedStep, ...]:
    """The steps that may begin now, beside the migrations under way."""
    use = _in_use(cluster)
    wave: list[PlannedStep] = []
    for step in steps:
        if not isinstance(step, Move):
            wave.append(step)
        elif _fits(use, step, limits):
            wave.append(step)
            use.update(_tokens(step.source, step.target))
    return tuple(wave[:MAX_WAVE])


def within_limits(cluster: Cluster, source: str, target: str, limits: Limits) -> str | None:
    """Why one more migration must wait; None when it may begin."""
    if cluster.leaving(source) >= limits.parallel_out:
        return _busy(limits.parallel_out, f"leaving {source}")
    if cluster.arriving(target) >= limits.parallel_in:
        return _busy(limits.parallel_in, f"entering {target}")
    if cluster.moving() >= limits.parallel_cluster:
        return _busy(limits.parallel_cluster, "under way in the cluster")
    return None


def _busy(number: int, where: str) -> str:
    return f"{number} migration{'s are' if number > 1 else ' is'} {where} already"


def _tokens(source: str, target: str) -> tuple[str, str, str]:
    return (f"out {source}", f"in {target}", "cluster")


def _in_use(cluster: Cluster) -> Counter[str]:
    use: Counter[str] = Counter()
    for vm in cluster.carried:
        use.update(_tokens(vm.node, str(vm.moving_to)))
    return use


def _fits(use: Counter[str], move: Move, limits: Limits) -> bool:
    out, into, everywhere = _tokens(move.source, move.target)
    return (
        use[out] < limits.parallel_out
        and use[into] < limits.parallel_in
        and use[everywhere] < limits.parallel_cluster
    )
