"""A plan that was shown, beside what would be done now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pvc_core.decide.node_plan import Left, Move, NodePlan, PlannedStep, Start
from pvc_core.model.plan import PlannedLine

OVERTAKEN = "PLAN_OVERTAKEN"


def lines_of(plan: NodePlan) -> tuple[PlannedLine, ...]:
    return tuple(_line(step) for step in (*plan.steps, *plan.later))


def _line(step: PlannedStep) -> PlannedLine:
    match step:
        case Move(uuid=uuid, vm=vm, target=target):
            return PlannedLine(uuid=uuid, vm=vm, do="move", node=target)
        case Start(uuid=uuid, vm=vm, node=node):
            return PlannedLine(uuid=uuid, vm=vm, do="start", node=node)
        case _:
            do = "stop" if step.then_stop else "shut down"
            return PlannedLine(uuid=step.uuid, vm=step.vm, do=do, node=step.node)


def plan_id(operation: str, node: str, lines: Sequence[PlannedLine]) -> str:
    """The same for the same plan, whoever makes it and when."""
    steps = sorted((line.uuid, line.do, line.node) for line in lines)
    return hashlib.sha256(json.dumps([operation, node, steps]).encode()).hexdigest()[:12]


def differences(shown: Sequence[PlannedLine], now: NodePlan) -> tuple[str, ...]:
    """What would be done otherwise than shown, a sentence for each VM."""
    return tuple(_differences(shown, now))


def _differences(shown: Sequence[PlannedLine], now: NodePlan) -> Iterator[str]:
    before, after = _by_vm(shown), _by_vm(lines_of(now))
    left = {item.uuid: item for item in now.left}
    for uuid, lines in before.items():
        name, then = lines[0].vm, after.get(uuid, ())
        if uuid in left:
            yield f"{name} would be left ({left[uuid].code}): {left[uuid].message}"
        elif not then:
            yield f"{name} is gone: there is nothing left to do for it"
        elif _marks(then) != _marks(lines):
            yield f"{name} {_words(then)} now; shown was that it {_words(lines)}"
    for uuid, lines in after.items():
        if uuid not in before:
            yield f"{lines[0].vm} is new: it {_words(lines)}"


def _by_vm(lines: Sequence[PlannedLine]) -> dict[str, tuple[PlannedLine, ...]]:
    """A VM that makes room for another may have two."""
    found: dict[str, tuple[PlannedLine, ...]] = {}
    for line in lines:
        found[line.uuid] = (*found.get(line.uuid, ()), line)
    return found


def _marks(lines: Sequence[PlannedLine]) -> set[tuple[str, str, str]]:
    return {(line.uuid, line.do, line.node) for line in lines}


def _words(lines: Sequence[PlannedLine]) -> str:
    return ", then ".join(line.words() for line in lines)


def hold_to(plan: NodePlan, shown: Sequence[PlannedLine]) -> NodePlan:
    """What of the plan was shown; the rest is left, for nobody has agreed to it."""
    agreed = _marks(shown)
    kept = tuple(step for step in plan.steps if _marks([_line(step)]) <= agreed)
    others = tuple(_not_agreed(step) for step in plan.steps if step not in kept)
    return replace(plan, steps=kept, left=(*plan.left, *others))


def _not_agreed(step: PlannedStep) -> Left:
    node = step.source if isinstance(step, Move) else step.node
    message = f"it {_line(step).words()} by now, which the plan that was asked for did not say"
    remedy = "Look at the new plan (--dry-run), and repeat with its id or without one."
    return Left(step.uuid, step.vm, node, OVERTAKEN, message, remedy)
