"""Which disks of a VM are never written by it."""

from __future__ import annotations

from pvc_core.xml.disks import only_read
from pvc_core.xml.document import parse_root
from pvc_core.xml.hardware import volume_of


def read_only_volumes(xml: str) -> frozenset[str]:
    """RBD images it only reads, as POOL/NAME: installation media, mostly."""
    disks = [disk for disk in parse_root(xml).findall("devices/disk") if only_read(disk)]
    return frozenset(found.volume or "" for found in map(volume_of, disks) if found.type == "rbd")


def written_elsewhere(xml: str) -> tuple[str, ...]:
    """Disks it writes to that are not in the storage, by what names them."""
    disks = [disk for disk in parse_root(xml).findall("devices/disk") if not only_read(disk)]
    found = [volume_of(disk) for disk in disks]
    return tuple(disk.volume or disk.disk_id or disk.type for disk in found if disk.type != "rbd")
