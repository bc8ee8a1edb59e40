"""`vm meta`: change what an admin said about a VM besides its XML."""

from __future__ import annotations

from typing import Any

from pvc_core.decide.metadata import PLACING, changed_fields, retagged, tell_changes, tell_warnings
from pvc_core.model.operations import MetaVm
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Seen
from pvc_core.store.look import load_vm, look_at_node
from pvc_core.store.port import Op
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.operations.common import bump_placement_now, vm_objects
from pvc_tasks.operations.metadata import defaults, given
from pvc_tasks.world import World


class MetaVmHandler(ImmediateHandler[MetaVm]):
    operation = MetaVm

    def apply(self, asked: MetaVm, world: World) -> Applied:
        """A job at work on the VM is not in the way: it looks again when the record changed under it."""
        wished = given(asked)
        for node in wished.get("node_limit", ()):
            look_at_node(world.store, node)
        empty = defaults(world.config)
        seen = load_vm(world.store, asked.vm)
        wished |= {name: empty[name] for name in asked.reset}
        if "tags" in wished:
            wished["tags"] = retagged(seen.value, wished["tags"])
        after = seen.value.but(**wished)
        if "autorestart" in wished and not after.autorestart:
            after = after.but(restart_on_ready=None)
        return changed(world, seen, after)


def changed(world: World, seen: Seen[VmSpec], after: VmSpec) -> Applied:
    """The record of a VM whose metadata becomes another; what already is so is not written."""
    before, fields = seen.value, changed_fields(seen.value, after)
    warnings = tell_warnings(after) if "node_limit" in fields else []
    result = {
        "vm": after.name,
        "uuid": after.uuid,
        "before": _shown(before, fields),
        "after": _shown(after, fields),
        "warnings": warnings,
    }
    ops: tuple[Op, ...] = (seen.save(after),) if after != before else ()
    if PLACING.intersection(fields):
        ops = (*ops, bump_placement_now(world.store, f"vm.meta {after.name}"))
    return Applied(tell_changes(before, after), after.name, vm_objects(after.uuid), ops, result)


def _shown(vm: VmSpec, fields: list[str]) -> dict[str, Any]:
    return vm.model_dump(mode="json", include=set(fields))
