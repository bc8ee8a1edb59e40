"""`storage ceph osd add`: a disk becomes an OSD.

The stages: *(none)* check · *making*, *starting* and *awaiting*, as in `osd_making`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from pvc_core.decide.osds import find_new
from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import AddOsd
from pvc_core.model.storage import Osd
from pvc_core.store import tree
from pvc_core.store.look import look_at_node
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import check_node_answers
from pvc_tasks.operations.osd_making import (
    Making,
    await_up,
    do_make,
    do_start,
    find_osd_on,
    look_at_disk,
    rest_of_making,
)
from pvc_tasks.operations.osds import disk_object, go_on
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.world import World

ADD_LOCK = "osd-add"
"""One at a time: so an OSD that is new and belongs nowhere is this job's."""


class AddOsdHandler(Handler[AddOsd]):
    operation = AddOsd

    def admit(self, asked: AddOsd, world: World) -> Admission:
        if asked.force not in (None, asked.device):
            raise InvalidRequest(f"storage.osd.add: force: must be the device's name, {asked.device}")
        check_node_answers(look_at_node(world.store, asked.node), "nobody can look at its disks")
        queue, about = tree.node_queue(asked.node), f"{asked.node}:{asked.device}"
        locks = (disk_object(asked.node, asked.device), ADD_LOCK)
        return Admission(queue, about, (f"node:{asked.node}",), locks)

    def step(self, asked: AddOsd, ctx: Context) -> Outcome:
        match ctx.job.stage:
            case "":
                return self._begin(asked, ctx)
            case "making":
                text = f"making an OSD of {asked.device} on {asked.node}"
                return do_make(ctx, _making(asked, ctx), text)
            case "starting":
                return do_start(ctx)
        return self._await(asked, ctx)

    def _begin(self, asked: AddOsd, ctx: Context) -> Outcome:
        disk = look_at_disk(ctx, asked.device, wipe="" if asked.force else "--force")
        if isinstance(disk, Hold):
            return disk
        return go_on(ctx, "making", known=[osd.id for osd in ctx.world.blocks.osds()])

    def _await(self, asked: AddOsd, ctx: Context) -> Outcome:
        osd = await_up(ctx)
        if not isinstance(osd, Osd):
            return osd
        facts = {"osd": osd.id, "node": asked.node, "device": asked.device, "class": osd.device_class}
        return Done(f"osd.{osd.id} is up and in: {asked.device} on {asked.node}", facts)

    def rest(self, asked: AddOsd, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            return Rest(f"{asked.device} is untouched")
        return rest_of_making(ctx, _making(asked, ctx), f"no OSD is made; {asked.device} is empty")


class NewOsd(Making):
    """`known` are the OSDs there were before."""

    def __init__(self, world: World, asked: AddOsd, known: Sequence[int]) -> None:
        super().__init__(world, asked.node, asked.device)
        self.device_class, self.known = asked.device_class, known

    def find_whole(self) -> int | None:
        """It has a host once it has run."""
        number = find_osd_on(self.world, self.device)
        mine = (o for o in self.world.blocks.osds() if o.id == number and o.id not in self.known and o.node)
        return next((osd.id for osd in mine), None)

    def forget(self) -> None:
        for osd in find_new(self.world.blocks.osds(), self.known):
            self.world.blocks.purge_osd(osd.id)

    def make(self) -> int:
        """Under the lowest free number, as Ceph gives them out: another may have had it on this node."""
        taken = {*self.known, *(osd.id for osd in self.world.blocks.osds())}
        self.world.disks.forget_osd(next(number for number in count() if number not in taken))
        return self.world.disks.make_osd(self.device, self.device_class)

    def give_up(self) -> str:
        self.forget()
        return f"No OSD was made of {self.device}."


def _making(asked: AddOsd, ctx: Context) -> NewOsd:
    return NewOsd(ctx.world, asked, ctx.job.notes.get("known", ()))
