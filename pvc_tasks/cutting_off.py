"""The stones of fencing on the storage's side: cut a node off from its volumes, prove it, let it back in.

Nothing here looks at a clock: a watcher that has gone proves nothing (its node may only be slow), one that is
blocked can do nothing, whether its node lives or not. Each call looks first, does what is left, and may
be repeated after it died anywhere.

    cut = cut_off(ctx.storing, hosts_of(node), vm.held_disks, allowed)
    if not cut.done:
        return Wait("node", node, words_for(cut, node), until=ctx.now + 0.5)
    ... the VM may be started elsewhere

`let_back` is for a node that has proven to run none of these VMs any more. It needs the hosts that were
blocked, so they are to be written down: the node may report another address by then. Even if it errs, clients
that were seen when it was cut off stay out, each by its own name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pvc_core.decide.cutting_off import Cut, plan_cut
from pvc_core.errors import NotFound
from pvc_core.model.storage import VolumeDetail
from pvc_drivers.blocks.port import Blocks


def cut_off(
    blocks: Blocks,
    hosts: Collection[str],
    disks: Iterable[str],
    allowed: Collection[str] = (),
    shared: Collection[str] = (),
) -> Cut:
    """Block, then break the locks on these POOL/VOLUMEs; what is left after that: nothing once it is done.

    `allowed` and `shared` as in `plan_cut`. The block stands before a lock is broken: whoever gets the lock
    next is the only one who can write. Raises StorageUnavailable.
    """
    names = tuple(disks)

    def look() -> Cut:
        found = [volume for disk in names if (volume := _find(blocks, disk)) is not None]
        return plan_cut(hosts, found, blocks.blocked_clients(), allowed, shared)

    cut = look()
    if cut.block:
        blocks.block_clients(cut.block)
    for hold in cut.locks:
        pool, _, volume = hold.volume.partition("/")
        blocks.break_locks(pool, volume, hold.lockers)
    return cut if not (cut.block or cut.locks) else look()


def let_back(blocks: Blocks, hosts: Collection[str]) -> None:
    """New clients of these hosts are let in again; those seen when the hosts were cut off never are."""
    blocks.unblock_clients(hosts)


def words_for(cut: Cut, node: str) -> str:
    """What is still waited for."""
    if cut.open:
        volumes = ", ".join(hold.volume for hold in cut.open)
        return f"waits for the storage to close what {node} had open: {volumes}"
    if cut.locks:
        return f"waits for locks of {node} to go: {', '.join(hold.volume for hold in cut.locks)}"
    if cut.block:
        return f"waits for the storage to keep {node} out"
    strangers = ", ".join(f"{hold.volume} (by {', '.join(hold.watchers)})" for hold in cut.strangers)
    return f"waits for disks to be closed that somebody has open who may be on {node} as well: {strangers}"


def _find(blocks: Blocks, disk: str) -> VolumeDetail | None:
    """What is not there cannot be written to."""
    pool, _, volume = disk.partition("/")
    try:
        return blocks.volume(pool, volume)
    except NotFound:
        return None
