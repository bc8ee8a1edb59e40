"""An OSD is left by its data and by its daemon, before it is removed or gets another disk.

The stages: *emptying* its data go elsewhere, until Ceph calls it safe to destroy · *stopping* its daemon,
which Ceph itself tells to end.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from pvc_core.decide.osds import describe_out_of_reach, find_osd
from pvc_core.errors import NotFound, StorageUnavailable
from pvc_core.model.job import Progress
from pvc_core.model.operations import RemoveOsd, ReplaceOsd
from pvc_core.model.storage import Osd
from pvc_tasks.context import Context
from pvc_tasks.operations.osds import LOOK_AGAIN_S, OsdHandler, go_on, name_of
from pvc_tasks.outcome import Hold, Outcome, Rest, Wait
from pvc_tasks.words import count
from pvc_tasks.world import World

L = TypeVar("L", bound=RemoveOsd | ReplaceOsd)


class LeavingOsdHandler(OsdHandler[L]):
    then: ClassVar[tuple[str, str]]
    """The stage after these, and what is done there to the OSD."""
    moves_once: ClassVar[bool]
    """Whether by force its data stay placed on it, since they come back to it."""

    def leave_behind(self, asked: L, ctx: Context, osd: Osd) -> Outcome:
        was = {"node": osd.node, "within": osd.within, "placement_groups": osd.placement_groups}
        text = f"not waiting for the data of {name_of(asked)}" if asked.force else ""
        return go_on(ctx, "emptying", text or f"taking the data of {name_of(asked)} elsewhere", was=was)

    def empty(self, asked: L, ctx: Context) -> Outcome:
        """By force it is not waited for; but nobody is to lose access to data by that either."""
        osd = find_osd(ctx.world.blocks.osds(), asked.osd)
        if osd.within and not (self.moves_once and asked.force):
            ctx.storing.take_out(osd.id)
        why = _find_reason_to_wait(asked, osd, ctx.world)
        if not why:
            return self.check_before_stop(asked, ctx) or go_on(
                ctx, "stopping", f"stopping {name_of(asked)}" if osd.up else ""
            )
        ctx.me.works.forget(ctx.job.id)  # What was seen before that stop may be so no more when it comes.
        _show_progress(ctx, osd)
        left = f"{name_of(asked)} has {count(osd.placement_groups, 'placement group')} left; "
        return Wait("time", "storage", f"{left}{why}", until=ctx.now + LOOK_AGAIN_S)

    def check_before_stop(self, asked: L, ctx: Context) -> Hold | None:
        """None if it may be stopped; raises what has come to be in the way while it was emptied."""
        return None

    def stop(self, asked: L, ctx: Context) -> Outcome:
        osd = find_osd(ctx.world.blocks.osds(), asked.osd)
        if not osd.up:
            stage, doing = self.then
            return go_on(ctx, stage, doing.format(name_of(asked)))
        if "told_to_stop" not in ctx.job.notes:
            ctx.remember(told_to_stop=True)
            ctx.save()
        ctx.storing.stop_osd(osd.id)
        text = f"waits for the daemon of {name_of(asked)} on {osd.node} to end"
        return Wait("time", "storage", text, until=ctx.now + LOOK_AGAIN_S)

    def rest_of_leaving(self, asked: L, ctx: Context) -> Outcome:
        """As long as it runs, it gets its data back."""
        if not ctx.job.begun:
            return Rest(f"{name_of(asked)} is untouched")
        if ctx.job.stage != "emptying":
            verb = asked.name.rpartition(".")[2]
            return Rest(f"{name_of(asked)} may have ended; {verb} it once more, or start its daemon")
        try:
            return Rest(self.put_back(asked, ctx))
        except (StorageUnavailable, NotFound) as error:
            return Rest(f"{name_of(asked)} stays as it is: {error.message}")

    def put_back(self, asked: L, ctx: Context) -> str:
        osd = find_osd(ctx.world.blocks.osds(), asked.osd)
        if not osd.up:
            return f"{name_of(asked)} is down and {'in' if osd.within else 'out'}"
        if not ctx.job.notes["was"]["within"]:
            return f"{name_of(asked)} is out, as it was"
        ctx.storing.put_in(osd.id)
        return f"{name_of(asked)} is in again; its data come back"


def _find_reason_to_wait(asked: RemoveOsd | ReplaceOsd, osd: Osd, world: World) -> str:
    if osd.destroyed:
        return ""
    if asked.force is None:
        return world.blocks.why_not_destroy(osd.id)
    if osd.up:
        return "; ".join(world.blocks.why_not_stop([osd.id], []))
    return describe_out_of_reach(world.blocks.status().placement_groups)


def _show_progress(ctx: Context, osd: Osd) -> None:
    total = max(ctx.job.notes["was"]["placement_groups"], osd.placement_groups)
    done = total - osd.placement_groups
    progress = Progress(done=done, total=total, text=f"{done} of {total} placement groups elsewhere")
    if progress != ctx.job.progress:
        ctx.change(progress=progress)
