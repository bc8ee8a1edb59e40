"""`vm unmigrate` and `vm move`: a migration home, and one for good."""

from __future__ import annotations

from typing import ClassVar

from pvc_core.decide.migration import is_to_stay
from pvc_core.model.operations import MoveVm, Operation, UnmigrateVm
from pvc_core.model.operations.transfer import Transfer
from pvc_tasks.context import Context
from pvc_tasks.operations.common import load_vm_here
from pvc_tasks.operations.vm_migrate import TransferHandler
from pvc_tasks.outcome import Done, Outcome, Reroute


class UnmigrateVmHandler(TransferHandler):
    operation: ClassVar[type[Operation]] = UnmigrateVm


class MoveVmHandler(TransferHandler):
    operation: ClassVar[type[Operation]] = MoveVm

    def step(self, asked: Transfer, ctx: Context) -> Outcome:
        seen = load_vm_here(ctx, asked.vm)
        if ctx.job.begun or isinstance(seen, Reroute) or not is_to_stay(seen.value, asked):
            return super().step(asked, ctx)
        vm = seen.value
        result = {"vm": vm.name, "node": vm.node, "was_at_home_on": vm.previous_node}
        return Done(
            f"{vm.node} is the home of {vm.name} now", result, ops=(seen.save(vm.but(previous_node=None)),)
        )
