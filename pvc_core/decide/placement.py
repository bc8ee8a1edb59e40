"""Which node takes a VM: every node is either ranked or refused with a reason.

Memory is counted by what is wanted, never by lagging reports: what runs or should run on a node, and
what is on its way there. docs/placement.md has the rules in words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pvc_core.decide.company import crowding, wished
from pvc_core.decide.refusal import Refusal, refuse
from pvc_core.decide.selector import SELECTORS
from pvc_core.errors import NoPlacement
from pvc_core.model.groups import TagRule, named
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted

__all__ = ["Choice", "Ranking", "Refusal", "Refused", "Terms", "decide_node", "rank_nodes", "refuse"]

MAX_NAMED = 6
"""Nodes named in one sentence."""


@dataclass(frozen=True)
class Choice:
    """The node chosen for a VM, and why."""

    node: str
    reason: str


@dataclass(frozen=True)
class Refused:
    """No node can take the VM: each with its refusal."""

    refusals: Mapping[str, Refusal]

    @property
    def code(self) -> str:
        """The one obstacle all nodes share, or that there is simply no ready node."""
        codes = {refusal.code for refusal in self.refusals.values()}
        return codes.pop() if len(codes) == 1 else "NO_READY_NODE"

    @property
    def message(self) -> str:
        if not self.refusals:
            return "there is no other node"
        each = [f"{node}: {refusal.message}" for node, refusal in sorted(self.refusals.items())]
        return "; ".join(_some(each))

    @property
    def remedy(self) -> str:
        each = list(dict.fromkeys(refusal.remedy for _, refusal in sorted(self.refusals.items())))
        return " Or: ".join(_some(each)) or "Add a node, or make one ready (`pvc node ready`)."

    def error(self, name: str) -> NoPlacement:
        refusals = {node: refusal.as_dict() for node, refusal in self.refusals.items()}
        return NoPlacement(f"no node can take {name}: {self.message}", self.remedy, refusals=refusals)


def _some(parts: list[str]) -> list[str]:
    """On a large cluster a sentence about every node would fill a task's record."""
    more = len(parts) - MAX_NAMED
    return parts if more <= 0 else [*parts[:MAX_NAMED], f"and {more} more"]


@dataclass(frozen=True)
class Terms:
    """What else counts for a choice besides the cluster.

    `known` are refusals that experience has taught, such as a migration that failed; `along` the UUIDs of
    companions that will look for a node next; `despite` the rules of tags that are set aside.
    """

    without: Collection[str] = ()
    known: Mapping[str, Refusal] = field(default_factory=dict)
    along: Collection[str] = ()
    despite: Collection[TagRule] = ()


ANY = Terms()


@dataclass(frozen=True)
class Ranking:
    """Every node: those that can take the VM, the best first, and those that cannot."""

    choices: tuple[Choice, ...]
    refusals: Mapping[str, Refusal]


def decide_node(cluster: Cluster, vm: VmSpec, terms: Terms = ANY) -> Choice | Refused:
    """The best node for a VM."""
    ranking = rank_nodes(cluster, vm, terms)
    return ranking.choices[0] if ranking.choices else Refused(ranking.refusals)


def rank_nodes(cluster: Cluster, vm: VmSpec, terms: Terms = ANY) -> Ranking:
    """Its home first, then where its companions are or have room to come along, then by its selector."""
    candidates = [name for name in cluster.nodes if name not in terms.without]
    refusals = {
        name: refusal
        for name in candidates
        if (refusal := refuse(cluster, vm, name, terms.despite) or terms.known.get(name)) is not None
    }
    fits = [name for name in candidates if name not in refusals]
    wishes = wished(cluster, vm, fits, terms.along)
    home = {vm.previous_node: "it is its home"} if vm.previous_node in fits else {}
    reasons: Mapping[str, str] = {**wishes, **home}
    crowded = {} if TagRule.APART not in terms.despite else crowding(cluster, vm, fits)
    key = SELECTORS[vm.node_selector].key

    def rank(name: str) -> tuple[bool, bool, bool, float, int, str]:
        at_home, promised = name == vm.previous_node, cluster.load(name).promised_mib
        best = key(cluster, cluster.node(name))
        return name in crowded, not at_home, name not in reasons, best, promised, name

    words = _by_selector(cluster, vm, len(fits), bool(wishes))
    ranked = sorted(fits, key=rank)
    choices = (Choice(name, crowded.get(name) or reasons.get(name) or words) for name in ranked)
    return Ranking(tuple(choices), refusals)


def _by_selector(cluster: Cluster, vm: VmSpec, possible: int, wished: bool) -> str:
    words = f"{SELECTORS[vm.node_selector].words} of {possible} possible"
    if possible == 1:
        words = "the only possible node"
    running = [other.name for other in cluster.companions(vm) if other.state is Wanted.START]
    return words if wished or not running else f"{words}; none has room for it with {named(running)}"
