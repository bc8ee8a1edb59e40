"""Asking a guest to power off, and what follows when it does not: for every operation that does so."""

from __future__ import annotations

from pvc_core.decide.transitions import GuestPaused
from pvc_core.errors import HypervisorRefused, PvcError
from pvc_core.model.metadata import OnShutdownTimeout
from pvc_core.model.operations.poweroff import PowersOff
from pvc_core.model.vm import VmSpec
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.context import Context
from pvc_tasks.operations.common import runs_here
from pvc_tasks.outcome import Hold

ASK_AGAIN_S = 10.0
"""A guest that is still booting does not hear the first request."""


class GuestIgnoresShutdown(PvcError):
    code, status = "GUEST_IGNORES_SHUTDOWN", 409


def power_off(asked: PowersOff, ctx: Context, vm: VmSpec) -> Hold | None:
    """Ask a guest that runs here, and ask again; None once it was stopped because its time was over.

    Raises GuestIgnoresShutdown for one that keeps running, GuestPaused for one that cannot hear.
    """
    paused = is_paused(ctx.looking, vm)
    if "until" not in ctx.job.notes and not paused:
        ctx.change(stage="asked")
        give_time(ctx, vm, asked.timeout_s)
    if not paused and ctx.now < ctx.job.notes["until"]:
        return ask_to_obey(ctx, vm)
    if stops_in_the_end(asked, vm):
        stop_at_once(ctx, vm)
        return None
    raise _paused(vm) if paused else _ignored(vm)


def end_guest(asked: PowersOff, ctx: Context, vm: VmSpec, force: bool) -> Hold | None:
    """As `power_off`, or by force at once."""
    if not force:
        return power_off(asked, ctx, vm)
    stop_at_once(ctx, vm)
    return None


def stops_in_the_end(asked: PowersOff, vm: VmSpec) -> bool:
    """The request counts, then what the VM's admin chose for it."""
    if asked.then_stop is not None:
        return asked.then_stop
    return vm.on_shutdown_timeout is OnShutdownTimeout.STOP


def stop_at_once(ctx: Context, vm: VmSpec, stage: str = "stopping") -> None:
    """Destroy the domain and see it gone; raises HypervisorRefused when it is not."""
    ctx.change(stage=stage)
    ctx.log(f"stopping {vm.name} at once")
    ctx.save()
    ctx.acting.destroy(vm.uuid)
    if runs_here(ctx.looking, vm.uuid):
        raise HypervisorRefused(
            f"libvirt says it stopped {vm.name}, yet still shows it",
            "Look at its QEMU process on the node, then try again.",
        )


def clear_remains(ctx: Context, vm: VmSpec) -> None:
    """A guest that crashed may have been kept by libvirt for a look (`on_crash: preserve`); no more."""
    domain = ctx.looking.domain(vm.uuid)
    if domain is not None and not domain.active:
        ctx.log(f"removing what the crash of {vm.name} has left")
        ctx.acting.destroy(vm.uuid)


def give_time(ctx: Context, vm: VmSpec, timeout_s: int | None = None, most_s: int | None = None) -> None:
    """As asked, else as its admin said, else as configured; at most what the whole may take."""
    patience = timeout_s or vm.shutdown_timeout_s or ctx.world.config.hypervisor.shutdown_timeout_s
    patience = min(patience, most_s or patience)
    ctx.remember(until=ctx.now + patience, asked=0.0)
    ctx.log(f"asking {vm.name} to power off; it has {patience:.0f} s")
    ctx.save()


def ask_to_obey(ctx: Context, vm: VmSpec) -> Hold:
    """Again and again until its time is over; one that is off since it was looked at is looked at again."""
    ctx.me.watch(ctx.job.id, vm.uuid)
    if ctx.now - ctx.job.notes["asked"] >= ASK_AGAIN_S:
        try:
            ctx.acting.shutdown(vm.uuid)
        except HypervisorRefused:
            if runs_here(ctx.looking, vm.uuid):
                raise
            return Hold(until=ctx.now)
        ctx.remember(asked=ctx.now)
    return Hold(until=min(ctx.now + ASK_AGAIN_S, ctx.job.notes["until"]))


def is_paused(hypervisor: Hypervisor, vm: VmSpec) -> bool:
    domain = hypervisor.domain(vm.uuid)
    return domain is not None and domain.state == "paused"


def check_not_paused(hypervisor: Hypervisor, vm: VmSpec) -> None:
    """Raises GuestPaused."""
    if is_paused(hypervisor, vm):
        raise _paused(vm)


def _paused(vm: VmSpec) -> GuestPaused:
    return GuestPaused(
        f"{vm.name} is paused: its guest hears nothing, and is left as it is",
        f"Let it run on (pvc vm start {vm.name}), or stop it (pvc vm stop {vm.name}).",
    )


def _ignored(vm: VmSpec) -> GuestIgnoresShutdown:
    return GuestIgnoresShutdown(
        f"{vm.name} did not power off in time; it keeps running",
        f"Look at its console, or stop it: pvc vm stop {vm.name}",
    )
