"""Cutting a node off from the storage: whom to keep out, whose locks to break, what proves that it is done.

A whole host is blocked, not only the clients seen there: one that has nothing open at that moment, or that
is started later, must not write either. Each client seen is blocked by itself as well, for good: when the
host is let back in, a guest from before still writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from pvc_core.errors import WrongState
from pvc_core.model.snapshot import Node
from pvc_core.model.storage import VolumeDetail, host_of, is_one_of


@dataclass(frozen=True)
class Hold:
    """What some hosts still have of one volume."""

    volume: str
    watchers: tuple[str, ...]
    lockers: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """Whom to block beyond those that are, and where to break locks."""

    block: tuple[str, ...]
    locks: tuple[Hold, ...]
    open: tuple[Hold, ...]
    """Volumes with a watcher from there: it goes as soon as its OSD has heard of the block."""
    strangers: tuple[Hold, ...]
    """Volumes with a watcher from anywhere else that nobody vouches for: it may be the old guest, seen by an
    address that is not known to be its node's."""

    @property
    def done(self) -> bool:
        return not (self.block or self.locks or self.open or self.strangers)


def hosts_of(node: Node) -> tuple[str, ...]:
    """From where the node may reach the storage, as that knows it; raises WrongState for none."""
    found = tuple(address for address in dict.fromkeys(node.addresses) if _is_ip(address))
    if not found:
        raise WrongState(
            f"{node.name} cannot be cut off: none of its addresses is an IP address",
            f"Write node.storage_address in the configuration of {node.name}, and restart its worker.",
        )
    return found


def _is_ip(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def plan_cut(
    hosts: Collection[str],
    volumes: Sequence[VolumeDetail],
    blocked: Collection[str],
    allowed: Collection[str] = (),
    shared: Collection[str] = (),
) -> Cut:
    """What is left to do; nothing is the proof that none of these hosts can change any of these volumes, and
    that nobody else has them open.

    `allowed` are hosts and clients that may: the node that is about to start the VM, tasks at work. `shared`
    are volumes that other VMs have open by right.
    """
    held = [_hold(volume, lambda address: host_of(address) in hosts) for volume in volumes]
    others = [
        _hold(volume, lambda address: not is_one_of(address, {*hosts, *allowed}))
        for volume in volumes
        if f"{volume.pool}/{volume.name}" not in shared
    ]
    seen = {client for hold in held for client in (*hold.watchers, *hold.lockers)}
    wanted = [*dict.fromkeys(hosts), *sorted(seen)]
    return Cut(
        tuple(client for client in wanted if client not in blocked),
        tuple(hold for hold in held if hold.lockers),
        tuple(hold for hold in held if hold.watchers),
        tuple(hold for hold in others if hold.watchers),
    )


def _hold(volume: VolumeDetail, counts: Callable[[str], bool]) -> Hold:
    watchers, lockers = (
        tuple(sorted({one.address for one in found if counts(one.address)}))
        for found in (volume.watchers, volume.lockers)
    )
    return Hold(f"{volume.pool}/{volume.name}", watchers, lockers)
