"""RBD images among a domain's disks, and which of them it leaves to other guests as well."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree


def rbd_disks(root: etree._Element) -> tuple[str, ...]:
    """`pool/image`, in the order of the XML."""
    return tuple(name for _, name in _images(root))


def shareable_disks(root: etree._Element) -> tuple[str, ...]:
    """Those marked <shareable/>, and those it only reads, wherever they are named."""
    own = {name for disk, name in _images(root) if not (_is_shareable(disk) or only_read(disk))}
    return tuple(dict.fromkeys(name for name in rbd_disks(root) if name not in own))


def only_read(disk: etree._Element) -> bool:
    return disk.get("device") == "cdrom" or disk.find("readonly") is not None


def _is_shareable(disk: etree._Element) -> bool:
    return disk.find("shareable") is not None


def _images(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for disk in root.findall("devices/disk[@type='network']"):
        for source in disk.findall("source[@protocol='rbd']"):
            if name := source.get("name"):
                yield disk, name
