"""A migration under way: what libvirt shows is put before the ladder, and its answer is carried out.

The rung lives in the job's notes and is saved before it is taken, so whoever looks next goes on from there.
Every sweep looks at a running job, which is often enough for a ladder of a dozen steps.
"""

from __future__ import annotations

from contextlib import suppress

from pvc_core.decide.bandwidth import Caps, decide_bandwidth, sharing
from pvc_core.decide.figures import in_words
from pvc_core.decide.ladder import (
    Observed,
    Rung,
    Standing,
    Terms,
    Verdict,
    decide_step,
    first_downtime_ms,
    judge,
)
from pvc_core.errors import HypervisorRefused
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree
from pvc_core.store.look import look_at_cluster
from pvc_drivers.hypervisor.port import Migration, MigrationOrder, MigrationProgress
from pvc_tasks.context import Context


def observed(seen: MigrationProgress) -> Observed:
    return Observed(
        remaining=max(0, seen.bytes_total - seen.bytes_done),
        speed=seen.bytes_per_s,
        dirty=seen.dirty_bytes_per_s,
        iteration=seen.iteration,
        throttle_percent=seen.throttle_percent,
    )


def stand_below(ctx: Context, asked: Transfer, vm: VmSpec) -> None:
    """At the foot of the ladder; to be saved before the migration begins.

    Its deadline is kept here and not in the record's own, which other nodes hold against their clocks.
    """
    patience = asked.deadline_s or ctx.world.config.hypervisor.migration.deadline_s
    ctx.remember(
        began=ctx.now,
        deadline=ctx.job.notes.get("deadline", min(ctx.job.deadline, ctx.now + patience)),
        rung=Rung.COPYING,
        since=ctx.now,
        taken=True,
        downtime_ms=first_downtime_ms(_ceiling_ms(ctx, vm)),
        post_copy=vm.post_copy,
        bandwidth=_share(ctx, asked, vm),
    )


def order(ctx: Context) -> MigrationOrder:
    migration, notes = ctx.world.config.hypervisor.migration, ctx.job.notes
    address = ctx.store.load(tree.node_spec(notes["target"])).value.migration_address
    return MigrationOrder(
        migration.uri.format(address=address),
        address,
        notes["downtime_ms"],
        notes["bandwidth"],
        migration.auto_converge,
        notes["post_copy"],
    )


def climb(ctx: Context, asked: Transfer, vm: VmSpec, migration: Migration) -> None:
    """Do what is to be done about a migration that is under way."""
    if migration.progress.phase == "post_copy":
        return
    seen = observed(migration.progress)
    _adjust_bandwidth(ctx, asked, vm)
    _tell_throttling(ctx, seen)
    step = decide_step(_terms(ctx, vm), _standing(ctx), seen, ctx.now)
    if step is not None:
        ctx.remember(rung=step.rung, downtime_ms=step.downtime_ms, since=ctx.now, taken=False)
        ctx.log(step.reason)
        ctx.save()
    if not ctx.job.notes["taken"]:
        _take(ctx, vm)


def wake_sharing(ctx: Context, vm: VmSpec) -> None:
    """The others that leave this node have less to share from now on."""
    if ctx.world.config.hypervisor.migration.node_bandwidth_mib_s is not None:
        for job in sharing(look_at_cluster(ctx.store), vm):
            ctx.me.bell(job)


def verdict(ctx: Context, vm: VmSpec, migration: Migration) -> Verdict:
    """On one that is to be aborted because its time is over."""
    bandwidth = ctx.job.notes["bandwidth"]
    return judge(_terms(ctx, vm), _standing(ctx), observed(migration.progress), bandwidth)


def _take(ctx: Context, vm: VmSpec) -> None:
    """A refusal means that it has just ended, or is in post-copy already: the next look tells."""
    standing = _standing(ctx)
    try:
        if standing.rung is Rung.POST_COPY:
            ctx.acting.switch_to_post_copy(vm.uuid)
        else:
            ctx.acting.limit_migration(vm.uuid, max_downtime_ms=standing.downtime_ms)
    except HypervisorRefused as error:
        ctx.log(f"libvirt refused that: {error.message}")
    ctx.remember(taken=True)


def _adjust_bandwidth(ctx: Context, asked: Transfer, vm: VmSpec) -> None:
    """A refusal means that it has just ended."""
    share = _share(ctx, asked, vm)
    if share != ctx.job.notes["bandwidth"]:
        with suppress(HypervisorRefused):
            ctx.acting.limit_migration(vm.uuid, bandwidth_mib_s=share or 0)
            ctx.remember(bandwidth=share)


def _tell_throttling(ctx: Context, seen: Observed) -> None:
    if seen.throttle_percent and not ctx.job.notes.get("throttled"):
        ctx.remember(throttled=True)
        ctx.log(
            f"its guest changes {in_words(seen.dirty)}/s, {in_words(seen.speed)}/s are sent: QEMU slows it "
            f"down, to {100 - seen.throttle_percent} % for now"
        )


def _share(ctx: Context, asked: Transfer, vm: VmSpec) -> int | None:
    migration = ctx.world.config.hypervisor.migration
    caps = Caps(asked.bandwidth_mib_s or migration.bandwidth_mib_s, migration.node_bandwidth_mib_s)
    if caps.node is None:
        return caps.migration
    return decide_bandwidth(look_at_cluster(ctx.store), vm, ctx.job.notes["target"], caps)


def _terms(ctx: Context, vm: VmSpec) -> Terms:
    notes, migration = ctx.job.notes, ctx.world.config.hypervisor.migration
    ceiling = _ceiling_ms(ctx, vm)
    return Terms(notes["began"], notes["deadline"], ceiling, notes["post_copy"], migration.auto_converge)


def _ceiling_ms(ctx: Context, vm: VmSpec) -> int:
    return vm.max_downtime_ms or ctx.world.config.hypervisor.migration.max_downtime_ms


def _standing(ctx: Context) -> Standing:
    notes = ctx.job.notes
    return Standing(Rung(notes["rung"]), notes["downtime_ms"], notes["since"])
