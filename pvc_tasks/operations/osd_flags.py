"""`storage ceph osd set` and `unset`"""

from __future__ import annotations

from typing import TypeVar

from pvc_core.model.operations import SetOsdFlag, UnsetOsdFlag
from pvc_core.model.operations.storage_osd import OfFlag
from pvc_tasks.context import Context
from pvc_tasks.operations.one_call import OneCallHandler
from pvc_tasks.outcome import Done, Outcome
from pvc_tasks.world import World

F = TypeVar("F", bound=OfFlag)


class FlagHandler(OneCallHandler[F]):
    """It holds the flag."""

    def about(self, asked: F) -> str:
        return asked.flag

    def objects(self, asked: F) -> tuple[str, ...]:
        return (f"flag:{asked.flag}",)

    def check(self, asked: F, world: World) -> None:
        """There is nothing against it: to do it twice is to do it."""

    def facts(self, asked: F) -> dict[str, object]:
        return {"flag": asked.flag}


class SetOsdFlagHandler(FlagHandler[SetOsdFlag]):
    operation = SetOsdFlag

    def step(self, asked: SetOsdFlag, ctx: Context) -> Outcome:
        self.begin(asked, ctx, "setting")
        ctx.storing.set_flag(asked.flag)
        return Done(f"{asked.flag} is set", {"flags": ctx.world.blocks.flags()})

    def words(self, asked: SetOsdFlag) -> tuple[str, str]:
        return "is set", "is not set"

    def is_so(self, asked: SetOsdFlag, ctx: Context) -> bool:
        return asked.flag in ctx.world.blocks.flags()


class UnsetOsdFlagHandler(FlagHandler[UnsetOsdFlag]):
    operation = UnsetOsdFlag

    def step(self, asked: UnsetOsdFlag, ctx: Context) -> Outcome:
        self.begin(asked, ctx, "unsetting")
        ctx.storing.unset_flag(asked.flag)
        held = ", ".join(ctx.world.blocks.held_hosts()) if asked.flag == "noout" else ""
        more = f"; {held} stays in maintenance (`pvc node ready`)" if held else ""
        return Done(f"{asked.flag} is off{more}", {"flags": ctx.world.blocks.flags()})

    def words(self, asked: UnsetOsdFlag) -> tuple[str, str]:
        return "is off", "is set as it was"

    def is_so(self, asked: UnsetOsdFlag, ctx: Context) -> bool:
        return asked.flag not in ctx.world.blocks.flags()
