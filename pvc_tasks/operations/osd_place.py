"""`storage ceph osd in` and `out`"""

from __future__ import annotations

from pvc_core.decide.osds import find_osd, number_of
from pvc_core.errors import WrongState
from pvc_core.model.operations import PutOsdIn, TakeOsdOut
from pvc_tasks.context import Context
from pvc_tasks.operations.one_call import OneCallHandler
from pvc_tasks.operations.osds import OsdHandler, check_can_go
from pvc_tasks.outcome import Outcome
from pvc_tasks.world import World


class PutOsdInHandler(OsdHandler[PutOsdIn], OneCallHandler[PutOsdIn]):
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
        self.note_act(ctx, "putting in")
        ctx.storing.put_in(number_of(asked.osd))
        return self.done(asked)

    def words(self, asked: PutOsdIn) -> tuple[str, str]:
        return "is in", "is out as it was"

    def is_so(self, asked: PutOsdIn, ctx: Context) -> bool:
        return find_osd(ctx.world.blocks.osds(), asked.osd).within

    def facts(self, asked: PutOsdIn) -> dict[str, object]:
        return {"osd": number_of(asked.osd)}


class TakeOsdOutHandler(OsdHandler[TakeOsdOut], OneCallHandler[TakeOsdOut]):
    operation = TakeOsdOut

    def check(self, asked: TakeOsdOut, world: World) -> None:
        check_can_go(asked, world)

    def step(self, asked: TakeOsdOut, ctx: Context) -> Outcome:
        self.check(asked, ctx.world)
        self.note_act(ctx, "taking out")
        ctx.storing.take_out(number_of(asked.osd))
        return self.done(asked)

    def words(self, asked: TakeOsdOut) -> tuple[str, str]:
        return "is out; its data are being placed elsewhere", "is in as it was"

    def is_so(self, asked: TakeOsdOut, ctx: Context) -> bool:
        return not find_osd(ctx.world.blocks.osds(), asked.osd).within

    def facts(self, asked: TakeOsdOut) -> dict[str, object]:
        return {"osd": number_of(asked.osd)}
