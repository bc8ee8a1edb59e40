"""Jobs and nodes go from state to state as docs/jobs.md and docs/states.md draw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pvc_core.model import job, node
from pvc_sim.breach import Breach
from pvc_sim.mirror import Change

DRAWN: Mapping[str, Mapping[Any, frozenset[Any]]] = {"job": job.TRANSITIONS, "node": node.TRANSITIONS}


def check_state(change: Change) -> None:
    before, after = change.before, change.after
    if change.kind not in DRAWN or before is None or after is None or before.state == after.state:
        return
    if after.state not in DRAWN[change.kind][before.state]:
        text = f"{change.kind} {change.key} was {before.state} and is {after.state}"
        raise Breach("states follow as drawn", text)
