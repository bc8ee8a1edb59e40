"""`storage ceph osd replace`: another disk, the same number, the same place.

The stages: *(none)* check · *emptying* and *stopping*, as in `osd_leaving` · *destroying* it: Ceph keeps its
number and its place, and nothing else · *making*, *starting* and *awaiting*, as in `osd_making`. One that was
destroyed before begins there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pvc_core.decide.maintenance import names_of
from pvc_core.decide.osds import check_fits, check_replaceable, check_typed, find_osd, number_of, numbered
from pvc_core.errors import InvalidRequest, NotFound, WrongState
from pvc_core.model.operations import ReplaceOsd
from pvc_core.model.storage import Osd
from pvc_core.store import tree
from pvc_core.store.look import look_at_node
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission
from pvc_tasks.operations.common import check_node_answers
from pvc_tasks.operations.osd_leaving import LeavingOsdHandler
from pvc_tasks.operations.osd_making import (
    Making,
    await_up,
    do_make,
    do_start,
    find_osd_on,
    look_at_disk,
    rest_of_making,
)
from pvc_tasks.operations.osds import disk_object, go_on, name_of
from pvc_tasks.outcome import Done, Hold, Outcome
from pvc_tasks.world import World


class ReplaceOsdHandler(LeavingOsdHandler[ReplaceOsd]):
    operation = ReplaceOsd
    then: ClassVar[tuple[str, str]] = ("destroying", "destroying {}; its number and its place stay")
    moves_once: ClassVar[bool] = True

    def admit(self, asked: ReplaceOsd, world: World) -> Admission:
        """A silent storage cannot say which node it is about."""
        if asked.wipe not in (None, asked.device):
            raise InvalidRequest(f"storage.osd.replace: wipe: must be the device's name, {asked.device}")
        self.check(asked, world)
        node = _find_node(asked, world)
        check_node_answers(look_at_node(world.store, node), "nobody can look at its disks")
        objects = self.objects(asked)
        locks = tuple(sorted((*objects, disk_object(node, asked.device))))
        return Admission(tree.node_queue(node), self.about(asked), (*objects, f"node:{node}"), locks)

    def check(self, asked: ReplaceOsd, world: World) -> None:
        forced = check_typed(asked.name, asked.osd, asked.force)
        osds = world.blocks.osds()
        if not forced:
            check_replaceable(osds, world.blocks.pools(), find_osd(osds, asked.osd))

    def step(self, asked: ReplaceOsd, ctx: Context) -> Outcome:
        match ctx.job.stage:
            case "":
                return self._begin(asked, ctx)
            case "emptying":
                return self.empty(asked, ctx)
            case "stopping":
                return self.stop(asked, ctx)
            case "destroying":
                return self._destroy(asked, ctx)
            case "making":
                text = f"making {name_of(asked)} of {asked.device} on {ctx.me.node}"
                return do_make(ctx, _making(asked, ctx), text)
            case "starting":
                return do_start(ctx)
        return self._await(asked, ctx)

    def _begin(self, asked: ReplaceOsd, ctx: Context) -> Outcome:
        self.check(asked, ctx.world)
        if (node := _find_node(asked, ctx.world)) != ctx.me.node:
            raise WrongState(f"{name_of(asked)} is on {node} by now", "Ask once more.")
        osd = _check_disk(asked, ctx)
        if isinstance(osd, Hold):
            return osd
        ctx.remember(place={"host": osd.node, "weight": osd.weight, "device_class": osd.device_class})
        if osd.destroyed:
            return go_on(ctx, "making", f"{name_of(asked)} has no disk; its number and its place were kept")
        return self.leave_behind(asked, ctx, osd)

    def check_before_stop(self, asked: ReplaceOsd, ctx: Context) -> Hold | None:
        """The last moment at which nothing is lost; it may be hours after the first look."""
        try:
            looked = _check_disk(asked, ctx)
            return looked if isinstance(looked, Hold) else None
        except (NotFound, WrongState):
            ctx.log(self.put_back(asked, ctx))
            raise

    def _destroy(self, asked: ReplaceOsd, ctx: Context) -> Outcome:
        if find_osd(ctx.world.blocks.osds(), asked.osd).up:
            return go_on(ctx, "stopping", f"{name_of(asked)} has come up again; stopping it")
        ctx.storing.destroy_osd(number_of(asked.osd))
        return go_on(ctx, "making")

    def _await(self, asked: ReplaceOsd, ctx: Context) -> Outcome:
        osd = await_up(ctx)
        if not isinstance(osd, Osd):
            return osd
        facts = {"osd": osd.id, "node": ctx.me.node, "device": asked.device, "class": osd.device_class}
        text = f"osd.{osd.id} is up and in: {asked.device} on {ctx.me.node}; its data come back"
        return Done(text, facts)

    def rest(self, asked: ReplaceOsd, ctx: Context) -> Outcome:
        if ctx.job.stage in ("", "emptying", "stopping", "destroying"):
            return self.rest_of_leaving(asked, ctx)
        left = f"{name_of(asked)} has no disk, its number and its place are kept; {asked.device} is empty"
        return rest_of_making(ctx, _making(asked, ctx), f"{left}. Replace it once more, or remove it")


class SameOsd(Making):
    """Made once more under its number; whatever is of it when that begins is given up.

    ceph-volume, where it gives up, purges the OSD; it is given its place again.
    """

    def __init__(self, world: World, node: str, asked: ReplaceOsd, place: Mapping[str, Any]) -> None:
        super().__init__(world, node, asked.device)
        self.number, self.place = number_of(asked.osd), place

    def find_whole(self) -> int | None:
        """It was down when it was destroyed: up, it is the new one."""
        osd = self._find()
        return self.number if osd and osd.up and find_osd_on(self.world, self.device) == self.number else None

    def forget(self) -> None:
        self._keep_place()
        self.world.disks.forget_osd(self.number)

    def make(self) -> int:
        return self.world.disks.make_osd(self.device, None, self.number)

    def give_up(self) -> str:
        self._keep_place()
        left = f"osd.{self.number} has no disk now, its number and its place are kept"
        return f"{left}: replace it once more, or remove it."

    def _keep_place(self) -> None:
        osd = self._find()
        if osd is None:
            self.world.blocks.keep_place(self.number, **self.place)
        elif not osd.destroyed:
            self.world.blocks.destroy_osd(self.number)

    def _find(self) -> Osd | None:
        return numbered(self.world.blocks.osds(), self.number)


def _making(asked: ReplaceOsd, ctx: Context) -> SameOsd:
    return SameOsd(ctx.world, ctx.me.node, asked, ctx.job.notes["place"])


def _check_disk(asked: ReplaceOsd, ctx: Context) -> Osd | Hold:
    """Raises NotFound or WrongState; answers with the OSD that is to have it."""
    disk = look_at_disk(ctx, asked.device, wipe="" if asked.wipe else "--wipe")
    if isinstance(disk, Hold):
        return disk
    osd = find_osd(ctx.world.blocks.osds(), asked.osd)
    check_fits(osd, asked.device, disk.size)
    return osd


def _find_node(asked: ReplaceOsd, world: World) -> str:
    """Raises WrongState where no node has its name."""
    host = find_osd(world.blocks.osds(), asked.osd).node
    for node in world.store.names(tree.NODES):
        if host in names_of(node):
            return node
    raise WrongState(
        f"{name_of(asked)} is on {host or 'no host'}, which is no node of this cluster",
        "Remove it, and add one where the disk is: pvc storage ceph osd remove, then add.",
    )
