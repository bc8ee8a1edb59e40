"""A node's storage goes down for a while: what is checked first, held meanwhile, and awaited afterwards.

The node's record says so before its OSDs are held, and no longer once they are released: whoever comes
after a job that died finds the record, and does again what may have been done.
"""

from __future__ import annotations

from pvc_core.decide.maintenance import Daemons, daemons_on, describe_missing, describe_unclean, names_of
from pvc_core.errors import Conflict, StorageUnavailable, SubsystemOff
from pvc_core.model.node import NodeSpec
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import look_at_node, look_at_nodes
from pvc_tasks.context import Context
from pvc_tasks.outcome import Wait
from pvc_tasks.world import World

LOOK_AGAIN_S = 2.0

RELEASING = "releasing"
"""The stage of a ready that may have released OSDs, and has not opened the node."""


class UnsafeToStop(Conflict):
    """`details["objections"]` has the storage's own words."""

    code = "UNSAFE_TO_STOP"
    default_remedy = (
        "See `pvc storage ceph status`; bring back what is down, or wait until the storage has recovered."
    )


def check_maintenance(asked: FlushNode, world: World, patient: bool) -> None:
    """Raises UnsafeToStop, or SubsystemOff; to the `patient` a silent storage is no reason to refuse."""
    if not asked.maintenance:
        return
    if not world.config.subsystems.storage:
        raise SubsystemOff(
            "node.flush --maintenance: the subsystem storage is off in this cluster",
            "Flush without --maintenance: there is no storage whose OSDs could be held.",
            subsystem="storage",
        )
    try:
        _refuse(asked.node, find_objections(world, asked.node))
    except StorageUnavailable:
        if not patient:
            raise


def find_objections(world: World, node: str) -> list[str]:
    """What would be lost if the node went down now, beside those that are in maintenance already."""
    nodes = look_at_nodes(world.store, world.store.names(tree.NODES)).values()
    together = [one.spec for one in nodes if one.name == node or one.spec.maintenance is not None]
    daemons = daemons_on(together, world.blocks.osds(), world.blocks.monitors())
    return world.blocks.why_not_stop(daemons.osds, daemons.monitors)


def hold(ctx: Context, node: str) -> None:
    """Nothing is rebuilt elsewhere while the node's OSDs are down."""
    daemons = _daemons(ctx.world, node)
    for host in daemons.hosts:
        ctx.storing.hold_osds(host)
    ctx.log(f"{_of(daemons)} held (noout)" if daemons.osds else f"{node} has no OSDs to hold")


def await_may_stop(ctx: Context, asked: FlushNode) -> Wait | None:
    """Once more at the end, which may be hours later: what is called flushed may be switched off."""
    found = find_objections(ctx.world, asked.node) if asked.maintenance else []
    if not found:
        return None
    text = f"{asked.node} is empty, but not to be switched off yet: {'; '.join(found)}"
    return Wait("node", asked.node, text, until=ctx.now + LOOK_AGAIN_S)


def let_go_if_ours(ctx: Context, node: str) -> str:
    """For a job that is cancelled: what it held is released, if the storage answers; what to say of it."""
    spec = look_at_node(ctx.store, node).spec
    if spec.maintenance is None or spec.maintenance.job != ctx.job.id:
        return ""
    try:
        _release(ctx, node)
    except StorageUnavailable:
        return (
            f"; the storage does not answer, its OSDs stay held (noout): pvc node ready {node} releases them"
        )
    return "; its OSDs are released"


def await_storage(ctx: Context, asked: ReadyNode) -> Wait | None:
    """None once the node's OSDs are back and released, and all data have all their copies again.

    Without storage there is nothing to await; opening the node ends its maintenance.
    """
    if not ctx.world.config.subsystems.storage:
        return None
    if look_at_node(ctx.store, asked.node).spec.maintenance is not None:
        missing = "" if asked.unclean else _find_missing(ctx.world, asked.node)
        if missing:
            return _wait(ctx, f"{missing} of {asked.node} to come up; noout holds them until then")
        ctx.change(stage=RELEASING)
        ctx.save()
        _release(ctx, asked.node)
    unclean = "" if asked.unclean else describe_unclean(ctx.world.blocks.status().placement_groups)
    return _wait(ctx, unclean) if unclean else None


def tell_released(ctx: Context, node: str) -> str:
    """What a ready has done about the storage that is cancelled before it has opened the node."""
    if look_at_node(ctx.store, node).spec.maintenance is None:
        return f"the OSDs of {node} are released, and stay so"
    return f"some OSDs of {node} may be released already: pvc node ready {node} releases them all"


def _wait(ctx: Context, what: str) -> Wait:
    return Wait("time", "storage", f"waits for {what}", until=ctx.now + LOOK_AGAIN_S)


def _find_missing(world: World, node: str) -> str:
    daemons = _daemons(world, node)
    return describe_missing(world.blocks.osds(), daemons.osds)


def _release(ctx: Context, node: str) -> None:
    daemons = _daemons(ctx.world, node)
    for host in sorted({*names_of(node), *daemons.hosts}):
        ctx.storing.release_osds(host)
    ctx.log(f"{_of(daemons)} released" if daemons.osds else f"{node} is in maintenance no more")
    _note_end(ctx, node)


def _note_end(ctx: Context, node: str) -> None:
    seen: Seen[NodeSpec] = ctx.store.load(tree.node_spec(node))
    if seen.value.maintenance is not None:
        ctx.save(seen.save(seen.value.but(maintenance=None)))


def _daemons(world: World, node: str) -> Daemons:
    spec = look_at_node(world.store, node).spec
    return daemons_on([spec], world.blocks.osds(), world.blocks.monitors())


def _of(daemons: Daemons) -> str:
    names = ", ".join(f"osd.{number}" for number in daemons.osds)
    return f"{names} {'is' if len(daemons.osds) == 1 else 'are'}"


def _refuse(node: str, objections: list[str]) -> None:
    if objections:
        raise UnsafeToStop(
            f"{node} cannot go into maintenance: {'; '.join(objections)}", objections=objections
        )
