"""VMs that stay where they are when a flush or an unflush ends: each is named, however many they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pvc_core.decide.node_plan import Left
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import VmSpec, Wanted

MOST_NAMED = 10
"""In a sentence."""

MOST_BYTES = 64 * 1024
"""Of a task's record for those that are told with reason and remedy: hundreds of VMs."""


def tell_left(left: Sequence[Left]) -> dict[str, Any]:
    """For a task's result: as many as fit with reason and remedy, of the others the names by their code."""
    told: list[dict[str, str]] = []
    more: dict[str, list[str]] = {}
    used = 0
    for item in left:
        entry = asdict(item)
        used += len(json.dumps(entry))
        if used <= MOST_BYTES:
            told.append(entry)
        else:
            more.setdefault(item.code, []).append(item.vm)
    return {"left": told, **({"left_more": more} if more else {})}


def name_left(left: Sequence[Left]) -> str:
    """`vm1 (NODE_LIMIT), vm2 (CANCELLED) and 3 more`."""
    each = [f"{item.vm} ({item.code})" for item in left]
    rest = f" and {len(each) - MOST_NAMED} more" if len(each) > MOST_NAMED else ""
    return f"{', '.join(each[:MOST_NAMED])}{rest}"


def unexpected(cluster: Cluster, node: str, shown: Iterable[str]) -> list[Left]:
    """Those of these UUIDs, which libvirt shows there, that the records do not expect."""
    return [_unexpected(cluster.vms[uuid], node) for uuid in shown if uuid in cluster.vms]


def _unexpected(vm: VmSpec, node: str) -> Left:
    recorded = f"on {vm.node}" if vm.state is Wanted.START else "stopped"
    message = f"libvirt shows it on {node}, although it is recorded as {recorded}"
    return Left(
        vm.uuid,
        vm.name,
        node,
        "STILL_RUNNING",
        message,
        f"Look at `pvc vm info {vm.name}`, then flush again.",
    )


def unsettled(cluster: Cluster, node: str) -> list[Left]:
    """Whose migration away from there nobody saw end; to be asked once no job is at work on any."""
    return [_unsettled(vm) for vm in cluster.vms_on(node) if vm.moving_to is not None]


def _unsettled(vm: VmSpec) -> Left:
    message = f"its migration to {vm.moving_to} was given up (task {vm.moving_job}), and nobody saw it end"
    remedy = (
        f"Bring {vm.moving_to} back (`pvc node info {vm.moving_to}`): what it shows is recorded. "
        f"`pvc vm start {vm.name}` ends what may still be under way, and waits for that. Then flush again."
    )
    return Left(vm.uuid, vm.name, vm.node, "VM_UNSETTLED", message, remedy)
