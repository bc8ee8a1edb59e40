"""A plan as it was shown: kept for as long as somebody may ask for exactly that."""

from __future__ import annotations

from typing import Literal

from pvc_core.model.names import NodeName, VmUuid
from pvc_core.model.record import Record


class PlannedLine(Record):
    """What becomes of one VM; the reasons are not part of it, since they speak of passing figures."""

    uuid: VmUuid
    vm: str
    do: Literal["move", "shut down", "stop", "start"]
    node: NodeName
    """Where it is then."""

    def words(self) -> str:
        match self.do:
            case "move":
                return f"goes to {self.node}"
            case "start":
                return f"is started on {self.node}"
            case "shut down":
                return "is shut down"
            case "stop":
                return "is shut down, or else stopped"


class PlanRecord(Record):
    operation: str
    node: NodeName
    lines: tuple[PlannedLine, ...]
    shown: float
