"""The volumes of an import: whose they are, how they get their names, how they go.

A name may be anybody's a moment later: whose a volume is, is told by its id once all of it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pvc_core.decide.volume_rest import holders_of
from pvc_core.errors import AlreadyExists, WrongState
from pvc_core.model.snapshot import Cluster
from pvc_core.store.look import look_at_cluster
from pvc_drivers.blocks.port import Blocks
from pvc_tasks.context import Context
from pvc_tasks.importing import Target
from pvc_tasks.operations.storage_common import volume_object
from pvc_tasks.operations.volume_common import find_volume
from pvc_tasks.ports import Work
from pvc_tasks.world import World

Ids = Mapping[str, str]
"""Of what was written whole, by the paths of the disks."""


def locks_of(targets: Iterable[Target]) -> tuple[str, ...]:
    """On the names they have first and last, in the order in which all take them."""
    names = {(target.pool, name) for target in targets for name in (target.draft, target.volume)}
    return tuple(sorted(volume_object(pool, name) for pool, name in names))


def check_volumes_free(world: World, targets: Iterable[Target]) -> None:
    """Raises AlreadyExists; also where a VM's record has a name of which there is no volume."""
    cluster, seen = look_at_cluster(world.store), set[str]()
    for target in targets:
        path = f"{target.pool}/{target.volume}"
        if path in seen or find_volume(world.blocks, target.pool, target.volume) is not None:
            raise AlreadyExists(
                f"there is a volume {path} already", "Import it under another name (--rename)."
            )
        seen.add(path)
        if holders := _holders(cluster, target.pool, target.volume):
            raise AlreadyExists(
                f"VM {holders} has {path} as a disk already", "Import it under another name (--rename)."
            )


def find_ids(blocks: Blocks, targets: Iterable[Target]) -> Ids:
    return {target.path: blocks.volume(target.pool, target.draft).id for target in targets}


def place(ctx: Context, target: Target, ids: Ids) -> None:
    """Raises VolumeInUse, AlreadyExists, and WrongState once a VM was given it."""
    if holders := _holders(look_at_cluster(ctx.store), target.pool, target.volume):
        raise WrongState(f"VM {holders} was given {target.pool}/{target.volume} meanwhile")
    if not _is_placed(ctx.world.blocks, target, ids):
        ctx.storing.rename_volume(target.pool, target.draft, target.volume)


def clear_away(world: World, targets: Iterable[Target], ids: Ids, work: Work) -> list[str]:
    """In words, what stays: what a VM was given meanwhile is left to it. Raises VolumeInUse."""
    return [kept for target in targets if (kept := _clear_away(world, target, ids, work))]


def _clear_away(world: World, target: Target, ids: Ids, work: Work) -> str:
    """It goes under its first name, which nobody else has: whoever makes the other anew keeps that."""
    work.check()
    placed = _is_placed(world.blocks, target, ids)
    name = target.volume if placed else target.draft
    if holders := _holders(look_at_cluster(world.store), target.pool, name):
        return f"{target.pool}/{name} stays: VM {holders} has it as a disk"
    if placed:
        world.blocks.rename_volume(target.pool, target.volume, target.draft)
    world.blocks.remove_volume(target.pool, target.draft, work.tell)
    return ""


def _is_placed(blocks: Blocks, target: Target, ids: Ids) -> bool:
    found = find_volume(blocks, target.pool, target.volume)
    return found is not None and found.id == ids.get(target.path)


def _holders(cluster: Cluster, pool: str, volume: str) -> str:
    return ", ".join(vm.name for vm in holders_of(cluster, pool, volume))
