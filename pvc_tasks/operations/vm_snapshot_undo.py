"""When a snapshot of a VM was not to be: what there is of it is removed; then another try, or none."""

from __future__ import annotations

from pvc_core.errors import HypervisorRefused, PvcError
from pvc_core.model.vm import VmSpec
from pvc_core.model.vm_snapshot import Consistency, VmSnapshot
from pvc_core.store.documents import Seen
from pvc_tasks.context import Context
from pvc_tasks.operations.guest_hold import let_go_at_last
from pvc_tasks.operations.vm_snapshot_common import load_snapshot
from pvc_tasks.operations.vm_snapshot_making import unmake_all
from pvc_tasks.outcome import Again, Outcome, Wait

MAKING, TAKEN, CLEARING = "making", "taken", "clearing"


class SnapshotNotTaken(PvcError):
    code, status = "SNAPSHOT_NOT_TAKEN", 409
    default_remedy = "Nothing is left of it. Put right what stood in the way, then try again."


def record_of(ctx: Context, vm: VmSpec) -> Seen[VmSnapshot]:
    return load_snapshot(ctx.store, vm, ctx.job.notes["snapshot"])


def not_held(ctx: Context, error: HypervisorRefused) -> Outcome:
    """An agent that will not is no reason to give up."""
    if ctx.job.notes["how"] == Consistency.PAUSE:
        return give_up(ctx, error.message)
    ctx.change(stage=MAKING)
    ctx.remember(mute=error.message)
    ctx.log(f"the agent in the guest does not hold it: {error.message}")
    ctx.save()
    return Again()


def again(ctx: Context, why: str, late: bool = False) -> Outcome:
    return _to_clear(ctx, why, late, fatal=False)


def give_up(ctx: Context, why: str, late: bool = False) -> Outcome:
    return _to_clear(ctx, why, late, fatal=True)


def _to_clear(ctx: Context, why: str, late: bool, fatal: bool) -> Outcome:
    """What the storage was asked for and has not done yet is waited for, lest it be left behind."""
    patience = 2 * ctx.world.config.storage.timeout_s if late else 0.0
    ctx.change(stage=CLEARING)
    ctx.remember(why=why, fatal=fatal, clear_after=ctx.now + patience)
    ctx.log(f"not taken: {why}")
    ctx.save()
    return Again()


def clear_now(ctx: Context, vm: VmSpec) -> Wait | None:
    """None once no volume has a snapshot of this attempt."""
    notes = ctx.job.notes
    after = notes.get("clear_after", 0.0)
    if ctx.now < after:
        text = "waits for what the storage was asked for and has not answered"
        return Wait("time", ctx.me.node, text, until=after)
    if "held" in notes and vm.node == ctx.me.node:
        # A libvirtd that hung may have obeyed late.
        let_go_at_last(ctx)
    unmake_all(ctx.storing, record_of(ctx, vm).value.disks)
    return None
