"""Telling the guests that run with a volume how large it is by now; each where it runs."""

from __future__ import annotations

from pvc_core.decide.volume_rest import holders_of
from pvc_core.errors import HypervisorRefused
from pvc_core.model.vm import VmSpec, Wanted
from pvc_core.store import tree
from pvc_core.store.look import look_at_cluster
from pvc_core.xml.hardware import parse_hardware
from pvc_tasks.context import Context
from pvc_tasks.operations.common import runs_here
from pvc_tasks.outcome import Outcome, Reroute


def tell_guests(ctx: Context, pool: str, volume: str, size: int) -> Outcome | None:
    """None once all were; telling one twice does no harm."""
    told = ctx.job.notes.get("told", [])
    for vm in holders_of(look_at_cluster(ctx.store), pool, volume):
        if vm.state is not Wanted.START or vm.uuid in told:
            continue
        if vm.node != ctx.me.node:
            return Reroute(tree.node_queue(vm.node), f"{vm.name} runs on {vm.node}; telling it there")
        _tell(ctx, vm, f"{pool}/{volume}", size)
        told = [*told, vm.uuid]
        ctx.remember(told=told)
        ctx.save()
    return None


def _tell(ctx: Context, vm: VmSpec, path: str, size: int) -> None:
    """Raises HypervisorRefused."""
    if not runs_here(ctx.looking, vm.uuid):
        return
    for disk in parse_hardware(ctx.looking.xml(vm.uuid)).volumes:
        if (disk.type, disk.volume) == ("rbd", path) and disk.disk_id:
            try:
                ctx.acting.resize_disk(vm.uuid, disk.disk_id, size)
            except HypervisorRefused as error:
                raise HypervisorRefused(
                    f"{path} has its new size, but the guest of {vm.name} was not told: {error.message}",
                    "Submit it again with the same size; or restart the VM.",
                ) from None
            ctx.log(f"{vm.name} sees the new size of {disk.disk_id}")
