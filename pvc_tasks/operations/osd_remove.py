"""`storage ceph osd remove`: emptied, stopped, forgotten.

The stages: *(none)* check · *emptying* and *stopping*, as in `osd_leaving` · *purging* it from Ceph's maps,
with its key.
"""

from __future__ import annotations

from typing import ClassVar

from pvc_core.decide.osds import find_osd, number_of
from pvc_core.model.operations import RemoveOsd
from pvc_tasks.context import Context
from pvc_tasks.operations.osd_leaving import LeavingOsdHandler
from pvc_tasks.operations.osds import check_can_go, name_of
from pvc_tasks.outcome import Done, Outcome
from pvc_tasks.world import World


class RemoveOsdHandler(LeavingOsdHandler[RemoveOsd]):
    operation = RemoveOsd
    then: ClassVar[tuple[str, str]] = ("purging", "removing {} from Ceph")
    moves_once: ClassVar[bool] = False

    def check(self, asked: RemoveOsd, world: World) -> None:
        check_can_go(asked, world)

    def step(self, asked: RemoveOsd, ctx: Context) -> Outcome:
        match ctx.job.stage:
            case "":
                self.check(asked, ctx.world)
                return self.leave_behind(asked, ctx, find_osd(ctx.world.blocks.osds(), asked.osd))
            case "emptying":
                return self.empty(asked, ctx)
            case "stopping":
                return self.stop(asked, ctx)
        ctx.storing.purge_osd(number_of(asked.osd))
        text = f"{name_of(asked)} is removed; its device still has its data on it, until it is wiped"
        return Done(text, {"osd": number_of(asked.osd), **ctx.job.notes["was"]})

    def rest(self, asked: RemoveOsd, ctx: Context) -> Outcome:
        return self.rest_of_leaving(asked, ctx)
