"""`vm import`: volumes under names of their own, then their proper ones, then the VM: nothing of it before.

The stages: *reading* what is to be imported is looked at · *claiming* the names of its volumes become its own
· *copying* every checksum is verified while they are written · *placing* they get their names, and the VM is
defined · *clearing* it cannot be, and what was made is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pvc_core.errors import AlreadyExists, PvcError, StorageUnavailable, VolumeInUse
from pvc_core.model.export import export_name
from pvc_core.model.operations import ImportVm
from pvc_core.store import tree
from pvc_core.store.look import find_vm, look_at_node
from pvc_drivers.exports.opening import check_place, open_exports
from pvc_drivers.exports.port import Exports
from pvc_tasks.context import Context
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.importing import Import, Source, Target, check_same, load_chain, load_source, mark_of
from pvc_tasks.operations.common import check_node_answers
from pvc_tasks.operations.pools import load_pool
from pvc_tasks.operations.vm_import_record import check_room_for, plan_define, plan_targets
from pvc_tasks.operations.vm_import_volumes import (
    check_volumes_free,
    clear_away,
    find_ids,
    locks_of,
    place,
)
from pvc_tasks.operations.volume_common import await_answer
from pvc_tasks.outcome import Again, Done, Fail, Hold, Outcome, Rest, Wait
from pvc_tasks.ports import Work
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World

READING, CLAIMING, COPYING, PLACING, CLEARING = "reading", "claiming", "copying", "placing", "clearing"
LOOK_AGAIN_S = 2.0


class ImportFailed(PvcError):
    """`details["kept"]` says what was left, and to whom."""

    code, status = "IMPORT_FAILED", 409
    default_remedy = "Nothing else is left of it. Put that right, then import it again."


class ImportVmHandler(Handler[ImportVm]):
    operation = ImportVm

    def admit(self, asked: ImportVm, world: World) -> Admission:
        node = look_at_node(world.store, asked.node)
        check_node_answers(node, "it cannot import anything")
        check_place(world.config.storage, asked.directory)
        if asked.rename is not None and find_vm(world.store, asked.rename) is not None:
            raise AlreadyExists(f"there is a VM {asked.rename} already", "Choose another name (--rename).")
        if asked.pool is not None:
            with suppress(StorageUnavailable):
                load_pool(world.blocks, asked.pool)
        return Admission(tree.node_queue(asked.node), asked.directory, (f"node:{asked.node}",))

    def step(self, asked: ImportVm, ctx: Context) -> Outcome:
        if not ctx.job.begun:
            ctx.change(stage=READING)
            ctx.save()
        if ctx.job.stage == READING:
            return self._begin(asked, ctx)
        if ctx.job.stage == CLAIMING:
            return self._claim(asked, ctx)
        try:
            match ctx.job.stage:
                case "copying":
                    return self._copy(asked, ctx)
                case "placing":
                    return self._place(asked, ctx)
        except PvcError as error:
            if error.retryable:
                raise
            return _give_up(ctx, error.message, error.remedy)
        return self._clear(ctx)

    def _begin(self, asked: ImportVm, ctx: Context) -> Outcome:
        """Only the export tells which volumes there will be: their locks are taken before the next step."""
        source = _read(asked, ctx)
        if isinstance(source, Hold):
            return source
        targets = plan_targets(asked, source.manifest, ctx.job.id)
        ctx.change(stage=CLAIMING, about=asked.rename or source.manifest.name, locks=locks_of(targets))
        ctx.remember(targets=[vars(target) for target in targets], mark=mark_of(source.chain))
        ctx.save()
        return Again()

    def _claim(self, asked: ImportVm, ctx: Context) -> Outcome:
        """What cannot be is found before anything is made."""
        source, targets = _read(asked, ctx), _targets(ctx)
        if isinstance(source, Hold):
            return source
        check_same(source.chain, ctx.job.notes["mark"])
        check_volumes_free(ctx.world, targets)
        check_room_for(ctx.world, source.manifest, targets)
        plan_define(ctx, asked, source, targets)
        ctx.change(stage=COPYING)
        ctx.remember(written=0)
        ctx.save()
        ctx.me.works.forget(ctx.job.id)
        return Again()

    def _copy(self, asked: ImportVm, ctx: Context) -> Outcome:
        """An export that cannot be read just now is waited for; what is written by then stays written."""
        exports, blocks, targets = _exports(asked, ctx), ctx.world.blocks, _targets(ctx)
        mark, written = ctx.job.notes["mark"], ctx.job.notes["written"]

        def act(under_way: Work) -> Mapping[str, Any]:
            chain = load_chain(exports, export_name(asked.directory), under_way)
            check_same(chain, mark)
            return Import(exports, blocks, chain, under_way, written).carry_out(targets)

        result = work(ctx, f"copying {len(targets)} disks from {asked.directory}", act)
        if isinstance(result, Hold):
            return result
        if (late := result.get("late")) is not None:
            ctx.remember(written=result["written"])
            ctx.save()
            ctx.me.works.forget(ctx.job.id)
            raise late
        ctx.change(stage=PLACING)
        ctx.remember(ids=find_ids(blocks, targets), bytes=result["bytes"])
        ctx.log("every checksum is right")
        ctx.save()
        ctx.me.works.forget(ctx.job.id)
        return Again()

    def _place(self, asked: ImportVm, ctx: Context) -> Outcome:
        source = _read(asked, ctx)
        if isinstance(source, Hold):
            return source
        check_same(source.chain, ctx.job.notes["mark"])
        for target in _targets(ctx):
            try:
                place(ctx, target, ctx.job.notes["ids"])
            except VolumeInUse as error:
                # A process that died a moment ago may still count as having it open.
                return Wait("time", target.path, error.message, until=ctx.now + LOOK_AGAIN_S)
        vm, ops, warnings = plan_define(ctx, asked, source, _targets(ctx))
        result = {
            "vm": vm.name,
            "uuid": vm.uuid,
            "node": vm.node,
            "volumes": list(vm.rbd_disks),
            "bytes": ctx.job.notes["bytes"],
            **({"warnings": warnings} if warnings else {}),
        }
        return Done(f"{vm.name} is defined on {vm.node}, as in {asked.directory}", result, ops=ops)

    def _clear(self, ctx: Context) -> Outcome:
        kept, notes = _clear_up(ctx), ctx.job.notes
        if not isinstance(kept, list):
            return kept
        why = "; ".join((notes["why"], *kept))
        return Fail(ImportFailed(why, notes["remedy"], **({"kept": kept} if kept else {})))

    def rest(self, asked: ImportVm, ctx: Context) -> Outcome:
        if ctx.job.stage in ("", READING, CLAIMING):
            return bring_to_rest(ctx) or Rest("nothing was imported")
        if ctx.job.stage != CLEARING:
            waiting = bring_to_rest(ctx)
            return waiting if waiting is not None else _give_up(ctx, "it was given up", "")
        try:
            kept = _clear_up(ctx)
        except StorageUnavailable as silence:
            return await_answer(ctx, silence) or Rest(_may_be_left(ctx))
        return Rest("; ".join(kept) or "nothing is left of it") if isinstance(kept, list) else kept


def _exports(asked: ImportVm, ctx: Context) -> Exports:
    return open_exports(ctx.world.config.storage, asked.directory)


def _read(asked: ImportVm, ctx: Context) -> Source | Hold:
    """Not in the step itself: whatever keeps the export may take its time to answer."""
    exports = _exports(asked, ctx)

    def act(under_way: Work) -> Mapping[str, Any]:
        return {"source": load_source(exports, export_name(asked.directory), under_way)}

    result = work(ctx, f"reading {exports.where(export_name(asked.directory))}", act)
    return result if isinstance(result, Hold) else result["source"]


def _targets(ctx: Context) -> list[Target]:
    return [Target(**target) for target in ctx.job.notes["targets"]]


def _give_up(ctx: Context, why: str, remedy: str) -> Outcome:
    ctx.change(stage=CLEARING)
    ctx.remember(why=why, remedy=remedy)
    ctx.log(f"given up: {why}")
    ctx.save()
    ctx.me.works.forget(ctx.job.id)
    return Again()


def _clear_up(ctx: Context) -> list[str] | Outcome:
    """What stays, and why; looked at anew by whoever goes on."""
    world, targets, ids = ctx.world, _targets(ctx), ctx.job.notes.get("ids", {})

    def act(under_way: Work) -> Mapping[str, Any]:
        return {"kept": clear_away(world, targets, ids, under_way)}

    try:
        result = work(ctx, "removing what was made", act)
    except VolumeInUse as error:
        return Wait("time", ctx.me.node, error.message, until=ctx.now + LOOK_AGAIN_S)
    return result if isinstance(result, Hold) else result["kept"]


def _may_be_left(ctx: Context) -> str:
    paths = [f"{one.pool}/{one.draft}" for one in _targets(ctx)]
    if "ids" in ctx.job.notes:
        paths += [f"{one.pool}/{one.volume}" for one in _targets(ctx)]
    return f"the storage is silent; remove what there is of it once it answers: {', '.join(paths)}"
