"""How a move can end, each with what makes the records true."""

from __future__ import annotations

from pvc_core.decide.migration import moved
from pvc_core.errors import PvcError
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Seen, Store
from pvc_core.store.port import Op
from pvc_tasks.context import Context
from pvc_tasks.operations.common import bump_placement_now, reports_now
from pvc_tasks.outcome import Done, Fail, Outcome, Rest


class MigrationFailed(PvcError):
    code, status = "MIGRATION_FAILED", 409
    default_remedy = "The VM runs where it ran. Read the hypervisor's words above, then try again."


class MigrationTooSlow(PvcError):
    """The guest changes its memory faster than it is sent, or the time was too short."""

    code, status = "MIGRATION_TOO_SLOW", 409


class PostCopyBroken(PvcError):
    """Half of the guest's memory is on either node, and nothing connects them."""

    code, status = "POST_COPY_BROKEN", 409


class VmLost(PvcError):
    """Gone from the source, and not on the target."""

    code, status = "VM_LOST", 409


def arrived(asked: Transfer, ctx: Context, seen: Seen[VmSpec], downtime_ms: int | None) -> Outcome:
    vm, target, rung = seen.value, ctx.job.notes["target"], ctx.job.notes.get("rung")
    result = {"vm": vm.name, "source": vm.node, "node": target, "downtime_ms": downtime_ms, "rung": rung}
    return Done(
        f"{vm.name} runs on {target}", result, ops=plan_moved(ctx.store, seen, target, asked, ctx.job.id)
    )


def stayed(ctx: Context, seen: Seen[VmSpec], why: str) -> Outcome:
    vm, target = seen.value, ctx.job.notes["target"]
    error = MigrationFailed(f"{vm.name} could not be moved to {target} and runs on {vm.node}: {why}")
    return _failed(ctx, seen, error)


def given_up(ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    """It was aborted, by an admin or at its deadline."""
    vm, notes = seen.value, ctx.job.notes
    if ctx.job.cancel is not None or "verdict" not in notes:
        return Rest(f"{vm.name} runs on {vm.node}", plan_stay(ctx.store, seen, ctx.job.id))
    text = f"{vm.name} was not moved to {notes['target']} and runs on {vm.node}: {notes['verdict']}"
    return _failed(ctx, seen, MigrationTooSlow(text, notes["remedy"]))


def torn(ctx: Context, seen: Seen[VmSpec], why: str) -> Outcome:
    vm, target = seen.value, ctx.job.notes["target"]
    error = PostCopyBroken(
        f"{vm.name} stands still, half on {vm.node} and half on {target}: post-copy was cut off: {why}",
        f"Stop it (pvc vm stop {vm.name}), remove what is left on {target} (virsh destroy {vm.name}), "
        "then start it.",
    )
    return _failed(ctx, seen, error)


def lost(ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    vm, target = seen.value, ctx.job.notes["target"]
    error = VmLost(
        f"{vm.name} runs neither on {vm.node} nor on {target}: it ended while it was being moved",
        f"Start it again: pvc vm start {vm.name}",
    )
    return _failed(ctx, seen, error)


def _failed(ctx: Context, seen: Seen[VmSpec], error: PvcError) -> Outcome:
    result = {"vm": seen.value.name, "target": ctx.job.notes["target"]}
    return Fail(error, plan_stay(ctx.store, seen, ctx.job.id), result)


def plan_stay(store: Store, seen: Seen[VmSpec], job: str) -> tuple[Op, ...]:
    """It is where it was, and its place on the target is free again."""
    if seen.value.moving_job != job:
        return ()
    stays = seen.value.but(moving_to=None, moving_job=None)
    return (seen.save(stays), bump_placement_now(store, job))


def plan_moved(store: Store, seen: Seen[VmSpec], target: str, asked: Transfer, job: str) -> tuple[Op, ...]:
    after = moved(seen.value, target, reports_now(store, seen.value.node, target), asked)
    return (seen.save(after), bump_placement_now(store, job))
