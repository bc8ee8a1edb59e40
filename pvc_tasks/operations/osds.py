"""What the operations on OSDs share."""

from __future__ import annotations

from typing import TypeVar

from pvc_core.decide.osds import check_goes_without, check_typed, find_osd, number_of
from pvc_core.model.operations import RemoveOsd, TakeOsdOut
from pvc_core.model.operations.storage_osd import OfOsd
from pvc_tasks.context import Context
from pvc_tasks.operations.storage_common import StorageHandler
from pvc_tasks.outcome import Again, Outcome
from pvc_tasks.world import World

LOOK_AGAIN_S = 2.0
D = TypeVar("D", bound=OfOsd)


class OsdHandler(StorageHandler[D]):
    """It holds the OSD."""

    def about(self, asked: D) -> str:
        return name_of(asked)

    def objects(self, asked: D) -> tuple[str, ...]:
        return (f"osd:{number_of(asked.osd)}",)


def disk_object(node: str, device: str) -> str:
    """Held by the one job that makes an OSD of it."""
    return f"disk:{node}:{device.removeprefix('/dev/').replace('/', ':')}"


def name_of(asked: OfOsd) -> str:
    return f"osd.{number_of(asked.osd)}"


def go_on(ctx: Context, stage: str, text: str = "", **notes: object) -> Outcome:
    """To the next stage, which is recorded before anything is done in it; its works are its own."""
    ctx.change(stage=stage)
    if text:
        ctx.log(text)
    ctx.remember(**notes)
    ctx.save()
    ctx.me.works.forget(ctx.job.id)
    return Again()


def check_can_go(asked: TakeOsdOut | RemoveOsd, world: World) -> None:
    """Whether the others can hold what it has, unless that was waived by name."""
    forced = check_typed(asked.name, asked.osd, asked.force)
    osds = world.blocks.osds()
    osd = find_osd(osds, asked.osd)
    if not forced:
        check_goes_without(osds, world.blocks.pools(), osd)
