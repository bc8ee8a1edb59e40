"""The storage's part in the proof that a node is empty: no disk of a VM is open from there.

A guest that has left closes its disks at once; one whose process was killed is shown for as long as the
storage waits for it, 30 s in Ceph. Only what is open longer than that is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pvc_core.decide.held_disks import Watchers, all_disks, by_pool, find_held, held_from
from pvc_core.decide.node_plan import Left
from pvc_core.model.snapshot import Cluster
from pvc_core.model.storage import host_of
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.context import Context
from pvc_tasks.disks import tasks_on
from pvc_tasks.outcome import Wait
from pvc_tasks.world import World

PATIENCE_S = 45.0
LOOK_AGAIN_S = 1.0


def look_for_held(
    ctx: Context, cluster: Cluster, node: str, known: Collection[str]
) -> Wait | tuple[Left, ...]:
    """VMs with disks open from here, the `known` aside; Wait while they may still be closing.

    Asked on the node itself. Raises StorageUnavailable, so that the job waits for a silent storage.
    """
    if not ctx.world.config.subsystems.storage:
        return ()
    watchers, hosts = watchers_of(ctx.world.blocks, all_disks(cluster)), hosts_here(ctx, cluster)
    tasks = tasks_on(ctx.store, held_from(hosts, watchers))
    by_client = {client: task.job.id for task in tasks for client in task.clients}
    held = find_held(cluster, node, hosts, watchers, known, by_client)
    since = open_since(ctx, "held_since", bool(held))
    if held and ctx.now < since + PATIENCE_S:
        return _wait(ctx, node, held, since)
    return tuple(held)


def open_since(ctx: Context, note: str, found: bool) -> float:
    """Since when it was so at every look: what is open later has its own time to close."""
    since = min(ctx.now, (ctx.job.notes.get(note) if found else None) or ctx.now)
    if found or note in ctx.job.notes:
        ctx.remember(**{note: since if found else None})
    return since


def witnesses(world: World) -> str:
    """Whose word a flushed node has."""
    storage = world.config.subsystems.storage
    return "libvirt, the storage and the records" if storage else "libvirt and the records"


def _wait(ctx: Context, node: str, held: list[Left], since: float) -> Wait:
    names = ", ".join(left.vm for left in held)
    text = f"waits for the disks of {names} to be closed on {node}"
    return Wait("node", node, text, until=ctx.now + LOOK_AGAIN_S, deadline=since + PATIENCE_S)


def hosts_here(ctx: Context, cluster: Cluster) -> set[str]:
    """The addresses of this node, and the one that this very process is seen with."""
    return {*cluster.node(ctx.me.node).addresses, host_of(ctx.world.blocks.own_address())}


def watchers_of(blocks: Blocks, disks: Iterable[str]) -> Watchers:
    return {
        f"{pool}/{volume}": watchers
        for pool, volumes in sorted(by_pool(disks).items())
        for volume, watchers in blocks.watchers(pool, volumes).items()
    }
