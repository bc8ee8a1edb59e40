"""A paused guest is let run on; what paused it may do so again at once."""

from __future__ import annotations

from pvc_core.decide.transitions import GuestPaused
from pvc_core.model.node import Domain
from pvc_core.model.vm import VmSpec
from pvc_tasks.context import Context
from pvc_tasks.outcome import Hold

RESUMABLE = frozenset({"user", "ioerror", "watchdog", "from snapshot", "unknown", ""})
"""What may have paused a guest that may be let run on; a migration's own pause is not among them."""

PROOF_S = 1.0
"""A write that failed is tried again as soon as the guest runs: one whose disk is still full stands still
within that."""


def let_run_on(ctx: Context, vm: VmSpec) -> Hold | None:
    """None once a guest that is here was not paused, or has run on for a moment.

    Raises GuestPaused when what paused it lasts.
    """
    domain, until = ctx.looking.domain(vm.uuid), ctx.job.notes.get("proven_by")
    if domain is None or domain.state != "paused":
        return None if until is None or ctx.now >= until else Hold(until=until)
    if until is None and vm.moving_to is None and domain.reason in RESUMABLE:
        return _resume(ctx, vm, domain)
    raise GuestPaused(
        f"{vm.name} is still paused ({domain.why})",
        f"Put right what paused it (pvc vm info {vm.name}), then try again.",
    )


def _resume(ctx: Context, vm: VmSpec, domain: Domain) -> Hold:
    """Recorded afterwards: whoever takes over from here resumes it once more, which does no harm."""
    ctx.change(stage="resuming")
    ctx.log(f"{vm.name} is paused ({domain.why}); letting it run on")
    ctx.me.watch(ctx.job.id, vm.uuid)
    ctx.acting.resume(vm.uuid)
    ctx.remember(proven_by=ctx.now + PROOF_S)
    return Hold(until=ctx.now + PROOF_S)
