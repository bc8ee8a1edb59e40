"""The moment itself: the guest is held, the volumes get their snapshots, the guest goes on."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists, HypervisorRefused, StorageUnavailable
from pvc_core.model.vm import VmSpec
from pvc_core.model.vm_snapshot import Consistency, VmSnapshot
from pvc_core.store.documents import Seen
from pvc_core.xml.agent import has_agent
from pvc_tasks.context import Context
from pvc_tasks.operations.common import reports_now
from pvc_tasks.operations.guest_hold import HOLDING, let_go_at_last, note_of_hold, while_held
from pvc_tasks.operations.vm_snapshot_common import with_sizes
from pvc_tasks.operations.vm_snapshot_making import HOLD_S, Made, make_all
from pvc_tasks.operations.vm_snapshot_undo import TAKEN, again, give_up, not_held, record_of
from pvc_tasks.outcome import Again, Outcome

REPORTS_WHILE_HELD = 3
"""One because it is held, one or two because their time has come."""


def take_running(ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    vm = seen.value
    if (why := _why_not(ctx, vm)) is not None:
        return give_up(ctx, why)
    record = record_of(ctx, vm)
    # A storage that says nothing must not be met with a guest in hand.
    with_sizes(ctx.world.blocks, record.value.disks)
    how = _how(ctx, vm)
    ctx.change(stage=HOLDING)
    ctx.remember(**note_of_hold(ctx, vm.uuid, how))
    ctx.log(f"holding the guest ({how})")
    ctx.save(seen.save(vm.but(report_marks=_beyond_hold(ctx))))
    return _hold(ctx, record.value)


def _hold(ctx: Context, record: VmSnapshot) -> Outcome:
    made, blocks = Made(), ctx.storing
    try:
        held = while_held(ctx, ctx.job.notes, lambda: make_all(blocks, record.disks, made))
    except HypervisorRefused as error:
        return not_held(ctx, error)
    if made.late:
        return again(ctx, f"the storage took longer than {HOLD_S:.0f} s", made.late)
    if made.faults:
        return again(ctx, made.faults[0].message)
    if not held.whole:
        return again(ctx, "somebody let the guest go on meanwhile")
    ctx.change(stage=TAKEN)
    ctx.remember(pause_ms=held.pause_ms)
    ctx.log(f"the guest was held for {held.pause_ms} ms")
    ctx.save()
    return Again()


def _beyond_hold(ctx: Context) -> dict[str, int]:
    """What is reported while it is held is no state that anybody should act on."""
    now = reports_now(ctx.store, ctx.me.node)
    return {node: number + REPORTS_WHILE_HELD for node, number in now.items()}


def take_off(ctx: Context, vm: VmSpec) -> Outcome:
    """Nobody writes: what an earlier step has made is of the same moment."""
    made, record = Made(), record_of(ctx, vm).value
    ctx.remember(how=Consistency.OFF.value, at=ctx.now)
    make_all(ctx.storing, record.disks, made)
    faults = [fault for fault in made.faults if not isinstance(fault, AlreadyExists)]
    if made.late:
        raise StorageUnavailable("the storage has not made all snapshots in time")
    if faults:
        if faults[0].retryable:
            raise faults[0]
        return give_up(ctx, faults[0].message)
    ctx.change(stage=TAKEN)
    ctx.save()
    return Again()


def lost_hold(ctx: Context) -> Outcome:
    """Whoever held the guest is gone, or stood still; what it asked the storage for may yet be done."""
    let_go_at_last(ctx)
    return again(ctx, "the worker that held the guest was interrupted", late=True)


def _why_not(ctx: Context, vm: VmSpec) -> str | None:
    """By what libvirt shows now."""
    domain = ctx.looking.domain(vm.uuid)
    if vm.moving_to is not None:
        return f"nobody saw where its migration to {vm.moving_to} ended"
    if domain is None or domain.state != "running":
        return f"its guest does not run on {vm.node}" + (f" ({domain.why})" if domain is not None else "")
    return None


def _how(ctx: Context, vm: VmSpec) -> Consistency:
    if "mute" not in ctx.job.notes and has_agent(ctx.looking.xml(vm.uuid)):
        return Consistency.AGENT
    return Consistency.PAUSE
