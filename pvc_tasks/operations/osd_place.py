"""`storage ceph osd in` and `out`"""

from __future__ import annotations

from pvc_core.decide.osds import find_osd, number_of
from pvc_core.errors import WrongState
from pvc_core.model.operations import PutOsdIn, TakeOsdOut
from pvc_tasks.context import Context
from pvc_tasks.operations.osds import OsdHandler, check_can_go
from pvc_tasks.outcome import Done, Outcome
from pvc_tasks.world import World


class PutOsdInHandler(OsdHandler[PutOsdIn]):
    operation = PutOsdIn

    def check(self, asked: PutOsdIn, world: World) -> None:
        osd = find_osd(world.blocks.osds(), asked.osd)
        if not osd.up:
            raise WrongState(
                f"osd.{osd.id} is down: data would be placed on what is not there",
                f"See why it does not run on {osd.node or 'its node'}, and start it first.",
            )

    def step(self, asked: PutOsdIn, ctx: Context) -> Outcome:
        self.check(asked, ctx.world)
        ctx.storing.put_in(number_of(asked.osd))
        return Done(f"osd.{number_of(asked.osd)} is in", {"osd": number_of(asked.osd)})


class TakeOsdOutHandler(OsdHandler[TakeOsdOut]):
    operation = TakeOsdOut

    def check(self, asked: TakeOsdOut, world: World) -> None:
        check_can_go(asked, world)

    def step(self, asked: TakeOsdOut, ctx: Context) -> Outcome:
        self.check(asked, ctx.world)
        ctx.storing.take_out(number_of(asked.osd))
        text = f"osd.{number_of(asked.osd)} is out; its data are being placed elsewhere"
        return Done(text, {"osd": number_of(asked.osd)})
