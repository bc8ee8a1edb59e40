"""What may be done to a VM in which state: one table, for every door, every handler and docs/states.md.

A row is what is wanted of a VM and what is seen of it; a column is what is asked. A cell says `yes`, that
it is so `already`, or the name of the refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pvc_core.errors import WrongState
from pvc_core.model.node import Domain
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted


class Seen(StrEnum):
    """What is seen of a VM, as far as it matters to what may be done."""

    RUNNING = "running"
    PAUSED = "paused"
    """Its guest does not run: after an I/O error, or by hand."""
    CRASHED = "crashed"
    """Its guest is dead, and libvirt keeps what is left of it (`on_crash: preserve`)."""
    OFF = "off"
    MOVING = "moving"
    """On its way to another node, or nobody saw where that ended."""
    TWICE = "twice"
    """Two living nodes show it."""
    UNKNOWN = "unknown"
    """It should run on a node that does not answer."""


class Act(StrEnum):
    """What is asked; `!` is with --force."""

    START = "start"
    RECOVER = "recover"
    """A start that PVC itself asks for: after a crash, or when a node is back."""
    SHUTDOWN = "shutdown"
    STOP = "stop"
    RESTART = "restart"
    RESTART_FORCE = "restart!"
    DISABLE = "disable"
    DISABLE_FORCE = "disable!"
    MIGRATE = "migrate"
    MOVE = "move"
    """For good; of a stopped VM it is a matter of the record."""
    UNDEFINE = "undefine"
    SNAPSHOT = "snapshot"
    ROLLBACK = "rollback"


TABLE = """
wanted  seen    start   recover  shutdown stop    restart  restart! disable disable! migrate  move    undefine snapshot rollback
start   running already yes      yes      yes     yes      yes      yes     yes      yes      yes     up       yes      up
start   paused  yes     paused   paused   yes     paused   yes      paused  yes      paused   paused  up       paused   up
start   crashed yes     yes      yes      yes     yes      yes      yes     yes      crashed  crashed wanted   crashed  wanted
start   off     yes     yes      yes      yes     yes      yes      yes     yes      down     down    wanted   down     wanted
start   moving  yes     yes      yes      yes     yes      yes      yes     yes      yes      yes     up       yes      up
start   twice   twice   twice    twice    yes     twice    twice    twice   twice    twice    twice   twice    twice    twice
start   unknown silent  silent   silent   silent  silent   silent   silent  silent   silent   silent  silent   silent   silent
stop    running stray   stopped  yes      yes     stopped  stopped  yes     yes      stopped  up      up       stray    up
stop    paused  stray   stopped  paused   yes     stopped  stopped  paused  yes      stopped  up      up       stray    up
stop    crashed yes     stopped  yes      yes     stopped  stopped  yes     yes      stopped  up      up       up       up
stop    off     yes     stopped  already  already stopped  stopped  yes     yes      stopped  yes     yes      yes      yes
stop    twice   twice   twice    twice    yes     twice    twice    twice   twice    twice    twice   twice    twice    twice
disable running stray   disabled yes      yes     disabled disabled yes     yes      disabled up      up       stray    up
disable paused  stray   disabled paused   yes     disabled disabled paused  yes      disabled up      up       stray    up
disable crashed yes     disabled yes      yes     disabled disabled yes     yes      disabled up      up       up       up
disable off     yes     disabled already  yes     disabled disabled already already  disabled yes     yes      yes      yes
disable twice   twice   twice    twice    yes     twice    twice    twice   twice    twice    twice   twice    twice    twice
"""  # noqa: E501


class GuestPaused(WrongState):
    code = "GUEST_PAUSED"


class GuestCrashed(WrongState):
    code = "GUEST_CRASHED"


class VmDisabled(WrongState):
    code = "VM_DISABLED"


class VmTwice(WrongState):
    code = "VM_TWICE"


class NodeSilent(WrongState):
    code = "NODE_SILENT"


class HalfRolledBack(WrongState):
    code = "VM_HALF_ROLLED_BACK"


@dataclass(frozen=True)
class Refusal:
    """A kind of no; `sentence` and `remedy` are about `vm` and `node`."""

    error: type[WrongState]
    sentence: str
    remedy: str


REFUSALS: Mapping[str, Refusal] = {
    "up": Refusal(WrongState, "{vm} is not stopped", "Stop it first: pvc vm shutdown {vm}"),
    "stray": Refusal(
        WrongState,
        "{vm} is recorded as stopped, and its node shows it",
        "If it runs, that is recorded within seconds. Else stop it: pvc vm stop {vm}",
    ),
    "wanted": Refusal(WrongState, "{vm} is not stopped: it should run", "Stop it first: pvc vm stop {vm}"),
    "down": Refusal(WrongState, "{vm} should run on {node} and does not", "Start it: pvc vm start {vm}"),
    "stopped": Refusal(WrongState, "{vm} is stopped", "Start it: pvc vm start {vm}"),
    "disabled": Refusal(VmDisabled, "{vm} is disabled", "Start it all the same: pvc vm start {vm}"),
    "paused": Refusal(
        GuestPaused,
        "{vm} is paused on {node}: its guest neither runs nor hears anything",
        "See why (pvc vm info {vm}), then let it run on: pvc vm start {vm}. Or stop it: pvc vm stop {vm}",
    ),
    "crashed": Refusal(
        GuestCrashed, "the guest of {vm} has crashed on {node}", "Start it again: pvc vm start {vm}"
    ),
    "twice": Refusal(
        VmTwice,
        "{vm} is seen on two nodes",
        "Stop the copy on {node}: pvc vm stop {vm}. The other is recorded within seconds.",
    ),
    "silent": Refusal(
        NodeSilent,
        "node {node} does not answer; {vm} may still run there",
        "Bring {node} back (`pvc node info {node}`), then try again.",
    ),
}

HALF = frozenset({Act.START, Act.SNAPSHOT})
"""What is refused of a VM whose disks are of two times."""

PUTS_DOWN = frozenset({Act.SHUTDOWN, Act.STOP})
"""Asked of a VM that PVC itself has stopped, they make that what its admin wants."""

ALREADY: Mapping[Act, str] = {
    Act.START: "{vm} runs already, on {node}",
    Act.SHUTDOWN: "{vm} is stopped already",
    Act.STOP: "{vm} is stopped already",
    Act.DISABLE: "{vm} is disabled already",
    Act.DISABLE_FORCE: "{vm} is disabled already",
}


def _parse(text: str) -> Mapping[tuple[Wanted, Seen, Act], str]:
    head, *rows = (line.split() for line in text.strip().splitlines())
    acts = [Act(word) for word in head[2:]]
    return {
        (Wanted(wanted), Seen(seen), act): cell
        for wanted, seen, *cells in rows
        for act, cell in zip(acts, cells, strict=True)
    }


CELLS = _parse(TABLE)


@dataclass(frozen=True)
class Verdict:
    """`already` says that there is nothing to do; neither it nor `refusal` means go ahead."""

    already: str = ""
    refusal: WrongState | None = None


def decide_transition(cluster: Cluster, vm: VmSpec, act: Act) -> Verdict:
    """Whether the act is possible, as far as records and reports tell."""
    return judge(vm, see(cluster, vm), act)


def check_transition(cluster: Cluster, vm: VmSpec, act: Act) -> None:
    """Raises the WrongState that says why not; what is so already passes."""
    refusal = decide_transition(cluster, vm, act).refusal
    if refusal is not None:
        raise refusal


def judge(vm: VmSpec, seen: Seen, act: Act) -> Verdict:
    if vm.rolling_back and act in HALF and vm.state is not Wanted.START:
        return Verdict(refusal=half_rolled_back(vm))
    cell = CELLS[vm.state, seen, act]
    words = {"vm": vm.name, "node": vm.node}
    if cell == "yes" or (cell == "already" and act in PUTS_DOWN and _stopped_by_pvc(vm)):
        return Verdict()
    if cell == "already":
        return Verdict(already=ALREADY[act].format(**words))
    refusal = REFUSALS[cell]
    return Verdict(refusal=refusal.error(refusal.sentence.format(**words), refusal.remedy.format(**words)))


def _stopped_by_pvc(vm: VmSpec) -> bool:
    """By a flush, until its node is ready; or after too many crashes, until somebody has seen it."""
    return vm.restart_on_ready is not None or bool(vm.left_down)


def half_rolled_back(vm: VmSpec) -> HalfRolledBack:
    """Also to be asked by whoever is about to start it."""
    return HalfRolledBack(
        f"a rollback of {vm.name} to {vm.rolling_back} was begun and not finished",
        f"Finish it: pvc vm snapshot rollback {vm.name} {vm.rolling_back}. Another snapshot will do as well.",
        snapshot=vm.rolling_back,
    )


def see(cluster: Cluster, vm: VmSpec) -> Seen:
    """Until the reports have caught up with a change of the record, it is the record that counts; of one that
    should be stopped, another node may show a copy all the same."""
    on = [name for name in cluster.seen_on(vm.uuid) if not cluster.behind(vm, name)]
    shown = _shown(cluster, vm)
    if vm.state is not Wanted.START:
        if shown is None:
            return Seen.OFF
        return Seen.TWICE if len(on) > 1 else _as_seen(shown)
    node = cluster.nodes.get(vm.node)
    if node is None or not node.alive:
        return Seen.UNKNOWN
    if vm.moving_to is not None:
        return Seen.MOVING
    if cluster.catching_up(vm):
        return Seen.RUNNING
    if len(on) > 1:
        return Seen.TWICE
    if shown is None:
        return Seen.RUNNING if on else Seen.OFF
    return _as_seen(shown)


def _shown(cluster: Cluster, vm: VmSpec) -> Domain | None:
    """Its domain on its own node; one that should be stopped, on any."""
    names = [vm.node] if vm.state is Wanted.START else [vm.node, *cluster.nodes]
    told = [node for name in names if (node := cluster.nodes.get(name)) and not cluster.behind(vm, name)]
    alive = [node for node in told if node.alive]
    return next((domain for node in alive if (domain := node.shown.get(vm.uuid)) is not None), None)


def _as_seen(domain: Domain) -> Seen:
    if domain.state in ("paused", "crashed") and not domain.starting:
        return Seen(domain.state)
    return Seen.RUNNING if domain.active else Seen.OFF
