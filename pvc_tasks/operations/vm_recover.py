"""`vm.recover`: start a VM again whose guest crashed, later after each crash, and not for ever.

The stages: *(none)* count the crash and decide · *waiting* for the time of the restart · *starting*.
A start that libvirt refuses counts as one more crash; disks that somebody else has open do not.
"""

from __future__ import annotations

from pvc_core.decide.recovery import CrashPolicy, GiveUp, count_crash, decide_recovery
from pvc_core.decide.sharing import DiskTaken
from pvc_core.decide.transitions import Act
from pvc_core.errors import PvcError
from pvc_core.model.operations import RecoverVm
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.admitting import admit_change
from pvc_tasks.operations.common import (
    bump_placement_now,
    load_vm_here,
    reports_now,
    runs_here,
    stopped,
)
from pvc_tasks.operations.open_elsewhere import look_for_open_elsewhere
from pvc_tasks.operations.poweroff import clear_remains
from pvc_tasks.operations.starting import await_start, running_again, start_again
from pvc_tasks.operations.unsettled import load_located
from pvc_tasks.outcome import Done, Fail, Outcome, Reroute, Rest, Wait
from pvc_tasks.world import World

TAKEN_LOOK_S = 10.0
"""How often it looks whether its disks are still somebody else's."""


class CrashedTooOften(PvcError):
    code, status = "CRASHED_TOO_OFTEN", 409


class RecoverVmHandler(Handler[RecoverVm]):
    operation = RecoverVm

    def admit(self, asked: RecoverVm, world: World) -> Admission:
        return admit_change(Act.RECOVER, asked.vm, world)

    def step(self, asked: RecoverVm, ctx: Context) -> Outcome:
        seen = load_located(ctx, asked.vm)
        if not isinstance(seen, Seen):
            return seen
        vm = seen.value
        if vm.state is not Wanted.START:
            return Done(f"{vm.name} was stopped meanwhile, and stays so", {"vm": vm.name})
        if runs_here(ctx.looking, vm.uuid):
            return await_start(ctx, vm) or self._running(ctx, seen)
        if ctx.job.stage == "":
            return self._count(ctx, seen, asked.crash)
        if ctx.job.stage == "waiting" and _is_early(ctx):
            return _wait(ctx)
        try:
            elsewhere = look_for_open_elsewhere(ctx, vm)
        except DiskTaken as error:
            # Nothing of it crashed, and that no copy of it runs is not proven: it is not given up either.
            return Wait("time", "storage", error.message, until=ctx.now + TAKEN_LOOK_S)
        return elsewhere or self._start(ctx, seen)

    def _count(self, ctx: Context, seen: Seen[VmSpec], what: str) -> Outcome:
        policy = _policy(ctx.world)
        vm = seen.value.but(crashes=count_crash(seen.value.crashes, ctx.now, policy))
        decided = decide_recovery(vm, policy, ctx.now)
        if isinstance(decided, GiveUp):
            return _give_up(ctx, seen, what, decided)
        ctx.change(stage="waiting")
        ctx.remember(counted=ctx.now, until=decided.at, text=f"{vm.name}: {what}; {decided.reason}")
        ctx.save(seen.save(vm))
        return _wait(ctx)

    def _start(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        error = start_again(ctx, seen, f"starting {seen.value.name} on {ctx.me.node} again")
        saved = load_vm(ctx.store, seen.value.uuid)
        if error is not None:
            return self._count(ctx, saved, f"it could not start: {error.message}")
        return self._running(ctx, saved)

    def _running(self, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
        return running_again(ctx, seen, f"{seen.value.name} runs on {ctx.me.node}")

    def rest(self, asked: RecoverVm, ctx: Context) -> Outcome:
        seen = load_vm_here(ctx, asked.vm)
        if not isinstance(seen, Reroute) and runs_here(ctx.looking, seen.value.uuid):
            return self._running(ctx, seen)
        return Rest("it was not started again")


def _is_early(ctx: Context) -> bool:
    """A clock that is set back must not make it wait for what was."""
    return bool(ctx.job.notes.get("counted", 0.0) <= ctx.now < ctx.job.notes["until"])


def _wait(ctx: Context) -> Wait:
    until = ctx.job.notes["until"]
    return Wait("time", ctx.me.node, ctx.job.notes["text"], until=until)


def _policy(world: World) -> CrashPolicy:
    return CrashPolicy(**world.config.hypervisor.crash.model_dump())


def _give_up(ctx: Context, seen: Seen[VmSpec], what: str, decided: GiveUp) -> Outcome:
    """Its domain is gone: it is stopped, and stays so until somebody looks after it."""
    vm = seen.value
    clear_remains(ctx, vm)
    error = CrashedTooOften(
        f"{vm.name} is left stopped: {what}; {decided.reason}",
        f"See why it crashes (pvc vm log {vm.name}), then start it: pvc vm start {vm.name}",
    )
    after = stopped(vm, reports_now(ctx.store, ctx.me.node)).but(left_down=f"{what}; {decided.reason}")
    return Fail(error, (seen.save(after), bump_placement_now(ctx.store, ctx.job.id)))
