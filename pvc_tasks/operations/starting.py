"""A VM's domain comes up here: told to, awaited, recorded."""

from __future__ import annotations

from pvc_core.errors import HypervisorRefused
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_tasks.context import Context
from pvc_tasks.operations.common import LOOK_AGAIN_S, reports_now, runs_here
from pvc_tasks.operations.poweroff import clear_remains
from pvc_tasks.outcome import Done, Hold


def await_start(ctx: Context, vm: VmSpec) -> Hold | None:
    """While the hypervisor is still about to start it, as a process that has died meanwhile told it to."""
    domain = ctx.looking.domain(vm.uuid)
    if domain is None or not domain.starting:
        return None
    ctx.log(f"libvirt on {ctx.me.node} is still starting {vm.name}")
    return Hold(until=ctx.now + LOOK_AGAIN_S)


def start_domain(ctx: Context, uuid: str) -> HypervisorRefused | None:
    """None once it runs here, whoever has started it; else what libvirt says."""
    xml = ctx.store.load(tree.vm_xml(uuid)).value.xml
    try:
        ctx.acting.start(xml)
    except HypervisorRefused as error:
        return None if runs_here(ctx.looking, uuid) else error
    return None


def start_again(ctx: Context, seen: Seen[VmSpec], text: str) -> HypervisorRefused | None:
    """As `start_domain`, of a VM that should run here and does not; what is left of it goes first."""
    vm = seen.value
    clear_remains(ctx, vm)
    ctx.change(stage="starting")
    ctx.log(text)
    # Saved in any case: an agent that looked before this must not act on what it saw.
    ctx.save(seen.save(vm.but(running=None)))
    return start_domain(ctx, vm.uuid)


def running_again(ctx: Context, seen: Seen[VmSpec], text: str) -> Done:
    """Where it was, and is still wanted; what was reported before this is older than its start."""
    vm, here = seen.value, ctx.me.node
    after = vm.but(report_marks=reports_now(ctx.store, here))
    return Done(text, {"vm": vm.name, "node": here}, ops=(seen.save(after),))
