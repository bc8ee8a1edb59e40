"""`vm unmigrate` and `vm move`: a migration home, and one for good; of a stopped VM in its record alone."""

from __future__ import annotations

from typing import ClassVar

from pvc_core.decide.migration import check_movable, decide_target, is_to_stay, rehomed
from pvc_core.decide.transitions import Act, check_transition
from pvc_core.model.operations import MoveVm, Operation, UnmigrateVm
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_cluster
from pvc_tasks.context import Context
from pvc_tasks.operations.common import bump_placement, load_vm_here
from pvc_tasks.operations.vm_migrate import TransferHandler
from pvc_tasks.outcome import Done, Outcome, Reroute


class UnmigrateVmHandler(TransferHandler):
    operation: ClassVar[type[Operation]] = UnmigrateVm


class MoveVmHandler(TransferHandler):
    operation: ClassVar[type[Operation]] = MoveVm

    def step(self, asked: Transfer, ctx: Context) -> Outcome:
        last = load_vm(ctx.store, asked.vm)
        if last.value.state is not Wanted.START and not ctx.job.begun:
            return _rehome(asked, ctx, last)
        seen = load_vm_here(ctx, asked.vm)
        if ctx.job.begun or isinstance(seen, Reroute) or not is_to_stay(seen.value, asked):
            return super().step(asked, ctx)
        vm = seen.value
        result = {"vm": vm.name, "node": vm.node, "was_at_home_on": vm.previous_node}
        return Done(
            f"{vm.node} is the home of {vm.name} now", result, ops=(seen.save(vm.but(previous_node=None)),)
        )


def _rehome(asked: Transfer, ctx: Context, seen: Seen[VmSpec]) -> Outcome:
    """It is stopped, so that it has nothing to be carried: it is started there the next time."""
    vm, cluster = seen.value, look_at_cluster(ctx.store)
    check_transition(cluster, vm, Act.MOVE)
    check_movable(vm, asked)
    target = vm.node if is_to_stay(vm, asked) else decide_target(cluster, vm, asked)[0]
    return Done(
        f"{target} is the home of {vm.name} now, where it will be started",
        {"vm": vm.name, "source": vm.node, "node": target},
        ops=(seen.save(rehomed(vm, target)), bump_placement(cluster.placement_version, ctx.job.id)),
    )
