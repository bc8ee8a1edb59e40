"""`vm snapshot export`: long work on the node that has the directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pvc_core.decide.vm_snapshot import check_whole
from pvc_core.errors import InvalidRequest
from pvc_core.model.export import export_name, is_in_s3
from pvc_core.model.operations import ExportVmSnapshot
from pvc_core.model.vm_snapshot import VmSnapshot
from pvc_core.store import tree
from pvc_core.store.look import load_vm, look_at_node
from pvc_drivers.exports.opening import check_place, open_exports
from pvc_tasks.context import Context
from pvc_tasks.exporting import Export, Order
from pvc_tasks.handler import Admission, Handler
from pvc_tasks.operations.common import check_node_answers, vm_objects
from pvc_tasks.operations.vm_snapshot_common import load_snapshot, snapshots_lock
from pvc_tasks.outcome import Done, Hold, Outcome, Rest
from pvc_tasks.ports import Work
from pvc_tasks.working import bring_to_rest, work
from pvc_tasks.world import World


class ExportVmSnapshotHandler(Handler[ExportVmSnapshot]):
    operation = ExportVmSnapshot

    def admit(self, asked: ExportVmSnapshot, world: World) -> Admission:
        vm = load_vm(world.store, asked.vm).value
        _order(asked, world)
        check_place(world.config.storage, asked.directory)
        node = asked.node or vm.node
        check_node_answers(look_at_node(world.store, node), "it cannot export anything")
        locks = (snapshots_lock(vm.uuid),)
        return Admission(tree.node_queue(node), vm.name, vm_objects(vm.uuid, node), locks)

    def step(self, asked: ExportVmSnapshot, ctx: Context) -> Outcome:
        """The lock keeps the snapshots; the VM may do what it likes meanwhile."""
        order = _order(asked, ctx.world)
        if not ctx.job.begun:
            ctx.change(stage="exporting")
            ctx.save()
        exports, blocks = open_exports(ctx.world.config.storage, asked.directory), ctx.world.blocks

        def act(under_way: Work) -> Mapping[str, Any]:
            return Export(exports, blocks, order, under_way).carry_out()

        where = exports.where(order.directory)
        if not is_in_s3(asked.directory):
            where += f" on {ctx.me.node}"
        result = work(ctx, f"exporting {order.name} as in {asked.snapshot} to {where}", act)
        if isinstance(result, Hold):
            return result
        return Done(f"{order.name} as in {asked.snapshot} is in {where}", {**result, "node": ctx.me.node})

    def rest(self, asked: ExportVmSnapshot, ctx: Context) -> Outcome:
        waiting = bring_to_rest(ctx)
        if waiting is not None:
            return waiting
        if not ctx.job.begun:
            return Rest("nothing was exported")
        return Rest(
            f"{asked.directory} holds a part of it, without a manifest; the same export goes on with it"
        )


def _order(asked: ExportVmSnapshot, world: World) -> Order:
    """Raises NotFound, SnapshotNotWhole, InvalidRequest."""
    vm = load_vm(world.store, asked.vm).value
    snapshot = load_snapshot(world.store, vm, asked.snapshot).value
    check_whole(vm, snapshot)
    base: VmSnapshot | None = None
    if asked.incremental_from is not None:
        base = load_snapshot(world.store, vm, asked.incremental_from).value
        check_whole(vm, base)
        if base.created >= snapshot.created:
            raise InvalidRequest(
                f"incremental_from: {base.name} is not earlier than {snapshot.name}", "Choose an earlier one."
            )
    xml = world.store.load(tree.vm_snapshot_xml(vm.uuid, snapshot.name)).value.xml
    return Order(export_name(asked.directory), vm.uuid, vm.name, xml, snapshot, base)
