"""A disk becomes an OSD: what it must be like, and the steps from there until the OSD is up and in.

The stages: *making* it of the disk, which outlives a worker that dies: what it has left is removed before it
is made anew · *starting* it · *awaiting* that it is up and in · *clearing* what was made, if it is given up.
Whatever is asked of the disk may take its time, and is done beside the steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from pvc_core.decide.osds import numbered
from pvc_core.errors import PvcError, StorageRefused, WrongState
from pvc_core.model.storage import Osd
from pvc_drivers.disks.port import Disk
from pvc_tasks.context import Context
from pvc_tasks.operations.osds import LOOK_AGAIN_S, go_on
from pvc_tasks.outcome import Hold, Outcome, Rest, Wait
from pvc_tasks.ports import Work
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World

SEE = "See /var/log/ceph/ceph-volume.log"
START_AGAIN_S = 8.0
STAYS_S = 5.0
"""One that is going to end does so within two seconds."""


class Making(ABC):
    """One disk of the node whose worker does it; only a disk that was looked at comes here."""

    def __init__(self, world: World, node: str, device: str) -> None:
        self.world, self.node, self.device = world, node, device

    @abstractmethod
    def find_whole(self) -> int | None:
        """What an earlier attempt has made and started."""

    @abstractmethod
    def forget(self) -> None:
        """What Ceph and the node know of an attempt that did not come to its end."""

    @abstractmethod
    def make(self) -> int:
        """Of an empty disk."""

    @abstractmethod
    def give_up(self) -> str:
        """The disk will not do; what is left, in words."""

    def clear(self) -> None:
        """What an attempt has left, and what was to be wiped; not what became an OSD under another name."""
        self.forget()
        check_no_osd(self.world, self.node, self.device)
        if self.world.disks.look(self.device).traces:
            self.world.disks.wipe(self.device)

    def undo(self, under_way: Work) -> Mapping[str, Any]:
        """Unless it is whole: then it stays."""
        under_way.check()
        whole = self.find_whole()
        if whole is None:
            self.clear()
        return {"osd": whole}


def do_make(ctx: Context, making: Making, text: str) -> Outcome:
    def act(under_way: Work) -> Mapping[str, Any]:
        under_way.check()
        if (whole := making.find_whole()) is not None:
            return {"osd": whole}
        try:
            making.clear()
            under_way.check()
            return {"osd": making.make()}
        except StorageRefused as error:
            raise StorageRefused(error.message, f"{SEE} on {making.node}. {making.give_up()}") from None

    result = work(ctx, text, act)
    if isinstance(result, Hold):
        return result
    return go_on(ctx, "starting", osd=result["osd"])


def do_start(ctx: Context) -> Outcome:
    """Once more after a crash; one that runs already is left alone."""
    number, disks = ctx.job.notes["osd"], ctx.world.disks
    if (osd := _made(ctx)) is None or not osd.up:

        def act(under_way: Work) -> Mapping[str, Any]:
            under_way.check()
            disks.start_osd(number)
            return {}

        if isinstance(held := work(ctx, f"starting osd.{number}", act), Hold):
            return held
    return go_on(ctx, "awaiting", started=ctx.now, up_since=None)


def await_up(ctx: Context) -> Osd | Outcome:
    """Up, in, and there to stay; started once more if need be.

    What has the number of one that Ceph told to stop comes up, reads that in an old map, and ends; the next
    time it stays (seen with Ceph 16.2).
    """
    osd = _made(ctx)
    if osd is None or not osd.up:
        return _await_start(ctx)
    now = ctx.now
    since = ctx.job.notes.get("up_since") or now
    ctx.remember(up_since=since)
    if osd.within and now >= since + (STAYS_S if ctx.job.notes.get("told_to_stop") else 0.0):
        return osd
    return _wait(ctx, "stay up" if osd.within else "be in")


def _await_start(ctx: Context) -> Outcome:
    if ctx.now >= ctx.job.notes["started"] + START_AGAIN_S:
        return go_on(ctx, "starting")
    ctx.remember(up_since=None)
    return _wait(ctx, "be up and in")


def _wait(ctx: Context, what: str) -> Wait:
    text = f"waits for osd.{ctx.job.notes['osd']} to {what}"
    return Wait("time", "storage", text, ctx.now + LOOK_AGAIN_S)


def _made(ctx: Context) -> Osd | None:
    return numbered(ctx.world.blocks.osds(), ctx.job.notes["osd"])


def rest_of_making(ctx: Context, making: Making, left: str) -> Outcome:
    """What is not whole is cleared away; `left` says what there is then."""
    if ctx.job.stage == "making":
        return bring_to_rest(ctx) or go_on(ctx, "clearing")
    if ctx.job.stage != "clearing":
        return _stays(ctx.job.notes["osd"])
    try:
        result = work(ctx, f"clearing up what was made of {making.device}", making.undo)
    except PvcError as error:
        if not error.retryable:
            raise
        return Wait("time", ctx.me.node, f"{error.message}; clearing up after that", ctx.now + LOOK_AGAIN_S)
    if isinstance(result, Hold):
        return result
    return Rest(left) if result["osd"] is None else _stays(result["osd"])


def _stays(number: int) -> Rest:
    return Rest(f"osd.{number} is made and stays: `pvc storage ceph osd remove {number}` undoes it")


def look_at_disk(ctx: Context, device: str, wipe: str) -> Disk | Hold:
    """Of this node; raises what `check_disk` raises."""
    world, node = ctx.world, ctx.me.node
    looked = work(
        ctx, f"looking at {device} on {node}", lambda at: {"disk": check_disk(world, node, device, wipe)}
    )
    return looked if isinstance(looked, Hold) else looked["disk"]


def check_disk(world: World, node: str, device: str, wipe: str) -> Disk:
    """Raises NotFound, or WrongState for a disk that is in use, or not empty and not to be wiped.

    `wipe` is the option by which its name would be typed; empty if it was.
    """
    disk = world.disks.look(device)
    if disk.holders:
        raise WrongState(f"{device} on {node} is in use: {', '.join(disk.holders)}", "Free it first.")
    check_no_osd(world, node, device)
    if disk.traces and wipe:
        raise WrongState(
            f"{device} on {node} is not empty: {', '.join(disk.traces)}",
            f"Wipe it and go on, if nothing on it is needed: {wipe} {device}",
            traces=list(disk.traces),
        )
    return disk


def find_osd_on(world: World, device: str) -> int | None:
    """The OSD whose disk this is, as far as Ceph knows.

    A disk goes on saying that it is one: of another cluster, or one that has another disk by now.
    """
    mark = world.disks.osd_on(device)
    return mark.osd if mark is not None and mark in world.blocks.osd_marks() else None


def check_no_osd(world: World, node: str, device: str) -> None:
    """Raises WrongState for a disk of an OSD of this cluster."""
    number = find_osd_on(world, device)
    if number is not None:
        raise WrongState(
            f"{device} on {node} is osd.{number}",
            f"Take another disk, or remove that OSD first: pvc storage ceph osd remove {number}",
        )
