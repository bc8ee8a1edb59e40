"""RBD images that somebody has, and which of them he leaves to others as well."""

from __future__ import annotations

from typing import Protocol


class HasDisks(Protocol):
    """A definition, a VM's record of it, or a domain that runs; images as POOL/NAME."""

    @property
    def rbd_disks(self) -> tuple[str, ...]: ...

    @property
    def shareable_disks(self) -> tuple[str, ...]: ...


def disks_of(*holders: HasDisks) -> tuple[str, ...]:
    """What any of them has."""
    return tuple(dict.fromkeys(disk for holder in holders for disk in holder.rbd_disks))


def shareable_of(*holders: HasDisks) -> tuple[str, ...]:
    """Of that, what each who has it leaves to others: one that does not is enough."""
    own = {disk for holder in holders for disk in holder.rbd_disks if disk not in holder.shareable_disks}
    return tuple(disk for disk in disks_of(*holders) if disk not in own)
