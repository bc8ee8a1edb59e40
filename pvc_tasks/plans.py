"""Plans that were shown and may be asked for by their id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pvc_core.decide.node_plan import NodePlan
from pvc_core.decide.promise import OVERTAKEN, differences, lines_of, plan_id
from pvc_core.errors import Conflict, InvalidRequest, NotFound, StoreConflict
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.plan import PlannedLine, PlanRecord
from pvc_core.store import tree
from pvc_tasks.world import World

KEEP_S = 86_400.0

Asked = FlushNode | ReadyNode


class PlanOvertaken(Conflict):
    """`details["changes"]` has a sentence for each VM that something else would be done with."""

    code = OVERTAKEN
    default_remedy = "Look at the new plan (--dry-run), and repeat with its id."


class PlanUnknown(NotFound):
    code = "PLAN_UNKNOWN"
    default_remedy = (
        "Plans are kept for a day. Have it planned again (--dry-run), and repeat with the new id."
    )


def keep_plan(world: World, asked: Asked, plan: NodePlan) -> str:
    """Its id. The same plan is kept once, and for a day from when it was last shown."""
    lines, now = lines_of(plan), world.clock.now()
    identity = plan_id(asked.name, asked.node, lines)
    record = PlanRecord(operation=asked.name, node=asked.node, lines=lines, shown=now)
    seen = world.store.find(tree.plan_ref(identity))
    with suppress(StoreConflict):
        world.store.commit(tree.plan_ref(identity).create(record) if seen is None else seen.save(record))
    return identity


def promised(world: World, asked: Asked) -> tuple[PlannedLine, ...] | None:
    """What was shown under the id that is asked for; None without one.

    Raises PlanUnknown, or InvalidRequest for the plan of something else.
    """
    if asked.plan_id is None:
        return None
    seen = world.store.find(tree.plan_ref(asked.plan_id))
    if seen is None:
        raise PlanUnknown(f"there is no plan {asked.plan_id}")
    shown = seen.value
    if (shown.operation, shown.node) != (asked.name, asked.node):
        raise InvalidRequest(f"plan_id: plan {asked.plan_id} is of {shown.operation} {shown.node}")
    return shown.lines


def check_kept(shown: Sequence[PlannedLine], now: NodePlan) -> None:
    """Raises PlanOvertaken unless exactly that would be done."""
    changes = differences(shown, now)
    if changes:
        raise PlanOvertaken(f"the plan is overtaken: {'; '.join(changes)}", changes=list(changes))


def as_note(shown: Sequence[PlannedLine] | None) -> dict[str, Any]:
    """For the job's record: it needs its plan for as long as it runs."""
    return {} if shown is None else {"promised": [line.model_dump(mode="json") for line in shown]}


def from_note(notes: Mapping[str, Any]) -> tuple[PlannedLine, ...] | None:
    found = notes.get("promised")
    return None if found is None else tuple(PlannedLine.model_validate(line) for line in found)


def forget_old_plans(world: World) -> None:
    oldest = world.clock.now() - KEEP_S
    refs = [tree.plan_ref(name) for name in world.store.names(tree.PLANS)]
    for seen in world.store.load_present(refs):
        if seen.value.shown < oldest:
            with suppress(StoreConflict):
                world.store.commit(seen.delete())
