"""What all edits of one piece of a VM share: the definition and, if it runs, the guest, in one job.

The guest comes first, the tree last: whoever resumes the job looks at the live XML, and finds the change
made or not made there. A new RBD image is in the record before the guest can open it.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Protocol, TypeVar, cast

from pvc_core.errors import WrongState
from pvc_core.model.operations import Operation
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.look import load_vm, look_at_cluster, look_at_node
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.context import Context
from pvc_tasks.definition import (
    check_definition,
    check_growth,
    plan_definition,
    present,
    redefined,
)
from pvc_tasks.disks import check_disks
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import check_node_answers, runs_here, vm_lock, vm_objects
from pvc_tasks.operations.edit_live import Notes, have_it_live
from pvc_tasks.operations.edit_record import claim_disks, disclaim, later, redefined_as, running_now
from pvc_tasks.outcome import Again, Done, Outcome, Reroute, Rest
from pvc_tasks.world import World

PATIENCE_S = 30.0
"""How long a guest may take to do what it was asked."""


class Edit(Protocol):
    vm: str
    live: bool | None


E = TypeVar("E", bound=Operation)


class EditVmHandler(Handler[E]):
    """`notes` hold what was chosen for the operator; they are kept with the job."""

    patience_s: ClassVar[float] = PATIENCE_S
    must_be_seen: ClassVar[bool] = True
    """It fails when the guest does not do it in time; else that is only said."""
    told_by_record: ClassVar[bool] = False
    """Whether the guest has it can be told from the record of what runs."""

    @abstractmethod
    def choose(self, asked: E, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        """What was left open; raises for what cannot be. `xmls`: the definition, and the live XML if any."""

    @abstractmethod
    def edit(self, asked: E, notes: Notes, xml: str) -> str:
        """The definition, changed."""

    @abstractmethod
    def is_so(self, asked: E, notes: Notes, live: str) -> bool:
        """Whether the guest has it as asked."""

    @abstractmethod
    def act(self, asked: E, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        """Make the guest have it."""

    @abstractmethod
    def words(self, asked: E, notes: Notes) -> str:
        """What is true of the VM when it is done."""

    def beyond(self, asked: E, live: str) -> str:
        """Why the guest cannot have it before its next start; empty if it can."""
        return ""

    def admit(self, asked: E, world: World) -> Admission:
        edit = _edit_of(asked)
        vm = load_vm(world.store, edit.vm).value
        if vm.state is not Wanted.START and edit.live:
            raise WrongState(f"{vm.name} does not run", "Leave --live out to change its definition.")
        xml = world.store.load(tree.vm_xml(vm.uuid)).value.xml
        notes = self.choose(asked, world.store, vm, [xml], "")
        after = redefined(vm, check_definition(self.edit(asked, notes, xml), world.config).domain)
        check_disks(world.store, after, vm)
        check_growth(look_at_cluster(world.store), vm, after)
        queue = tree.CLUSTER_QUEUE
        if at_node(edit, vm):
            node = look_at_node(world.store, vm.node)
            check_node_answers(node, f"{vm.name} cannot be changed there; --no-live changes its definition")
            queue = tree.node_queue(vm.node)
        return Admission(queue, vm.name, vm_objects(vm.uuid, vm.node), (vm_lock(vm.uuid),))

    def step(self, asked: E, ctx: Context) -> Outcome:
        edit = _edit_of(asked)
        seen = load_vm(ctx.store, edit.vm)
        vm = seen.value
        if at_node(edit, vm) and vm.node != ctx.me.node:
            return Reroute(tree.node_queue(vm.node), f"{vm.name} is on {vm.node} by now; going on there")
        running = at_node(edit, vm) and runs_here(ctx.looking, vm.uuid)
        if not ctx.job.begun:
            return self._begin(asked, ctx, seen, running)
        if running and ctx.job.notes["live"]:
            unsettled = have_it_live(self, asked, ctx, seen)
            if unsettled is not None:
                return unsettled
        return self._store(asked, ctx, running)

    def _begin(self, asked: E, ctx: Context, seen: Seen[VmSpec], running: bool) -> Outcome:
        """Choose, check, and put on record what the guest may have from now on."""
        vm, wanted = seen.value, _edit_of(asked).live
        stored = ctx.store.load(tree.vm_xml(vm.uuid)).value.xml
        live = ctx.looking.xml(vm.uuid) if running else ""
        beyond = self.beyond(asked, live) if running else _not_looked_at(vm, wanted)
        if wanted and beyond:
            raise WrongState(
                f"the guest cannot have it now: {beyond}", "Leave --live out: at its next start."
            )
        notes = self.choose(asked, ctx.store, vm, [stored, live] if live else [stored], ctx.job.id)
        domain = check_definition(self.edit(asked, notes, stored), ctx.world.config).domain
        check_disks(ctx.store, redefined(vm, domain), vm)
        at_once = running and wanted is not False and not beyond
        ctx.change(stage="editing")
        ctx.remember(**notes, live=at_once, beyond=beyond)
        ops = claim_disks(seen, domain, live) if at_once else ()
        ctx.save(*ops)
        return Again()

    def _store(self, asked: E, ctx: Context, running: bool) -> Outcome:
        """Definition and record in one commit, which ends the job."""
        edit = _edit_of(asked)
        seen = load_vm(ctx.store, edit.vm)
        vm, notes = seen.value, ctx.job.notes
        document = ctx.store.load(tree.vm_xml(vm.uuid))
        xml = self.edit(asked, notes, document.value.xml)
        checked = check_definition(xml, ctx.world.config)
        now = running_now(ctx, vm) if running else present(vm)
        lacks = notes.get("partly", False) or not (notes["live"] or self.told_by_record)
        after = redefined_as(vm, checked.domain, now, lacks)
        ops = plan_definition(ctx.store, seen, after, document, xml, ctx.job.id)
        told = checked.told(look_at_cluster(ctx.store), after)
        result = {"vm": vm.name, "restart_needed": after.running is not None, **told}
        return Done(
            f"{vm.name}: {self.words(asked, notes)}{later(after, notes, self.told_by_record)}",
            result,
            ops=ops,
        )

    def rest(self, asked: E, ctx: Context) -> Outcome:
        """What the guest has by now is stored; what it was only asked for, it may yet do."""
        edit = _edit_of(asked)
        seen = load_vm(ctx.store, edit.vm)
        vm = seen.value
        if not ctx.job.notes.get("live") or vm.node != ctx.me.node or not runs_here(ctx.looking, vm.uuid):
            return Rest(f"{vm.name} is as it was")
        if ctx.job.stage == "asked" and self.is_so(asked, ctx.job.notes, ctx.looking.xml(vm.uuid)):
            return self._store(asked, ctx, True)
        return Rest(f"the definition of {vm.name} is as it was", disclaim(ctx, seen))


def _edit_of(asked: Operation) -> Edit:
    """Every edit has these fields."""
    return cast(Edit, asked)


def at_node(edit: Edit, vm: VmSpec) -> bool:
    """Whether libvirt must be looked at: only the VM's own node can."""
    return vm.state is Wanted.START and edit.live is not False


def _not_looked_at(vm: VmSpec, wanted: bool | None) -> str:
    return "" if wanted is False else f"{vm.name} does not run"
