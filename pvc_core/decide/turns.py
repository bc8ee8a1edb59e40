"""Whose turn it is to append to a console: file after file, in the order of the guest's stays on nodes. Pure.

A job adds a *stay* to a VM's record in the commit that says where the VM runs, whatever agents see of it,
and does so on proof that the guest is gone from where it was: by then the file of the stay before is whole.
The head of the log says which stay is being appended. Nobody is passed over who is not silent for too long:
then the log says so, and what that node has comes late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pvc_core.model.log import LogHead
from pvc_core.model.vm import FormerConsole, VmSpec, Wanted

Do = Literal["follow", "finish", "late", "wait", "nothing"]
Patience = Callable[[str], float]
"""For how many seconds a node may be silent."""


@dataclass(frozen=True)
class Stay:
    number: int
    node: str


@dataclass(frozen=True)
class Turn:
    """What a node is to do about a console.

    `follow` it; `finish` what the guest, gone on or off by now, has left in its file; append `late` what
    nobody waited for; or `wait` until it is its turn.
    """

    do: Do
    stay: Stay
    goes_on: bool = False
    """Elsewhere, or again: maybe in the middle of a line."""
    returns: bool = False
    """It came back before this stay was finished."""
    passed_over: tuple[str, ...] = ()
    mixed: bool = False
    """Its file may have lines of this stay and of a later one."""


def stays_of(vm: VmSpec) -> tuple[Stay, ...]:
    nodes = vm.stays or (vm.node,)
    return tuple(Stay(number, node) for number, node in enumerate(nodes, vm.former_stays))


def turn_of(head: LogHead | None, stays: Sequence[Stay]) -> Stay:
    """The stay whose node appends, or is to."""
    reached = 0 if head is None else head.turn + head.closed
    return next((stay for stay in stays if stay.number >= reached), stays[-1])


def console_then(vm: VmSpec, stay: Stay) -> str | None:
    """Where that stay's console was written, if that is not where its definition says now."""
    return next((one.path for one in vm.consoles if stay.number <= one.last), None)


def leave_console(vm: VmSpec, path: str) -> VmSpec:
    """The record of a VM that is off, and whose next stay is written elsewhere than at this path."""
    last = stays_of(vm)[-1]
    if not vm.stays or console_then(vm, last) is not None:
        return vm
    known = tuple(one for one in vm.consoles if one.last >= vm.former_stays)
    return vm.but(consoles=(*known, FormerConsole(path=path, last=last.number)))


def decide_turn(vm: VmSpec, head: LogHead | None, node: str, waited_s: float, patience_s: Patience) -> Turn:
    """`waited_s`: for how long it has been the turn of the node whose turn it is."""
    stays, runs = stays_of(vm), vm.state is Wanted.START
    now, last = turn_of(head, stays), stays[-1]
    mine = next((stay for stay in stays if stay.number >= now.number and stay.node == node), None)
    # 1. None of its stays is still to come: it may owe what was not waited for.
    if mine is None or (not runs and _is_over(vm, head)):
        owes = head is not None and node in head.owed
        return Turn("late", _last_before(now, stays, node)) if owes else Turn("nothing", now)
    # 2. Others come first, unless they are silent for too long.
    before = tuple(stay.node for stay in stays if now.number <= stay.number < mine.number)
    if before and waited_s <= sum(map(patience_s, before)):
        return Turn("wait", now)
    mine = _unbroken(mine, vm)
    # 3. The guest is there.
    if mine == last and runs:
        return Turn("follow", mine, passed_over=before)
    # 4. It is there no longer.
    later = [stay for stay in stays if stay.number > mine.number]
    again = [stay for stay in later if stay.node == node]
    mixed = any(_same_file(vm, stay, mine) for stay in again)
    return Turn("finish", mine, bool(later), bool(again), before, mixed)


def _last_before(now: Stay, stays: Sequence[Stay], node: str) -> Stay:
    return next((stay for stay in reversed(stays) if stay.number < now.number and stay.node == node), now)


def _is_over(vm: VmSpec, head: LogHead | None) -> bool:
    """Of a guest that does not run: all of it is kept, or it never ran."""
    if head is None:
        return not vm.stays
    return head.closed and head.turn >= stays_of(vm)[-1].number


def _unbroken(stay: Stay, vm: VmSpec) -> Stay:
    """The last of those that follow each other in one file of a node: that is read in order anyway."""
    for one in stays_of(vm):
        if one.number == stay.number + 1 and one.node == stay.node and _same_file(vm, one, stay):
            stay = one
    return stay


def _same_file(vm: VmSpec, one: Stay, other: Stay) -> bool:
    """Of two stays on one node."""
    return console_then(vm, one) == console_then(vm, other)


def not_waited_for(nodes: Sequence[str]) -> str:
    """A line of the log itself, as the ones below."""
    have = "have" if len(nodes) > 1 else "has"
    return (
        f"[{' and '.join(nodes)} {have} not handed over the end of what the guest printed there:"
        " lines may be missing here; they come late, if at all]"
    )


def came_late(node: str, count: int) -> str:
    if not count:
        return f"[{node} answers again: it has no lines that came late]"
    lines = f"{count} lines" if count > 1 else "line"
    return f"[the last {lines} came late: printed on {node} before others went on without waiting]"


def comes_late(node: str) -> str:
    return f"[{node} answers again: what it had not handed over comes first, late]"


def maybe_mixed(node: str) -> str:
    return (
        f"[{node} was slow: lines above may be from before the guest left it and from after its return;"
        " those printed in between follow]"
    )


def awaited(node: str, here: str) -> str:
    """What a reader is told meanwhile."""
    return f"{node} has not handed over the end of what the guest printed there; {here} waits for that"
