"""What a node's agent does about the difference between what its node runs and what the records say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from pvc_core.model.node import Domain
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Correction:
    """A job the agent submits: adopt what runs, record what powered itself off, start what should run,
    see to what crashed."""

    do: Literal["adopt", "off", "start", "recover"]
    uuid: str
    reason: str


def decide_corrections(
    cluster: Cluster,
    node: str,
    domains: Collection[Domain],
    powered_off: Collection[str],
    fresh: bool,
    crashed: Mapping[str, str] = NOTHING,
) -> list[Correction]:
    """`powered_off` guests were seen to end by themselves, `crashed` ones in the way that is said of each.

    `fresh` tells that nobody watched the node before: whatever should run there and does not is started.
    Two copies are never touched: an admin must choose. VMs a job is at work on are for the caller to leave
    out; a VM on its way without such a job is one whose migration nobody saw end.
    """
    corrections = [
        _look_at_vm(cluster, vm, node, domains, powered_off, fresh, crashed) for vm in cluster.vms.values()
    ]
    return [found for found in corrections if found is not None]


def _look_at_vm(
    cluster: Cluster,
    vm: VmSpec,
    node: str,
    domains: Collection[Domain],
    powered_off: Collection[str],
    fresh: bool,
    crashed: Mapping[str, str],
) -> Correction | None:
    here = next((domain for domain in domains if domain.uuid == vm.uuid), None)
    if here is not None and here.active:
        return _look_at_running(cluster, vm, node, here)
    if vm.node != node or vm.state is not Wanted.START:
        return None
    if any(other != node for other in cluster.seen_on(vm.uuid)):
        return None
    if vm.uuid in powered_off:
        return Correction("off", vm.uuid, "its guest powered itself off")
    if vm.uuid in crashed:
        return Correction("recover", vm.uuid, crashed[vm.uuid])
    if here is not None and here.state == "crashed":
        return Correction("recover", vm.uuid, f"its guest has crashed ({here.why})")
    if fresh:
        return Correction("start", vm.uuid, f"it should run on {node} and does not")
    return None


def _look_at_running(cluster: Cluster, vm: VmSpec, node: str, here: Domain) -> Correction | None:
    """A paused domain may be one that is still arriving, and is left alone."""
    if vm.node == node and vm.state is Wanted.START and vm.moving_to is None:
        return None
    if here.state != "running":
        return None
    if any(other != node for other in cluster.seen_on(vm.uuid)):
        return None
    recorded = f"on {vm.node}" if vm.state is Wanted.START else f"as {vm.state}"
    if vm.moving_to is not None:
        recorded += f", on its way to {vm.moving_to}"
    return Correction("adopt", vm.uuid, f"it runs on {node} and is recorded {recorded}")
