"""What libvirt accepts and PVC cannot vouch for: what may keep a VM from being migrated, or the same."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from pvc_core.xml.document import line_of, parse_root
from pvc_core.xml.hardware import network_of, volume_of

LOCAL = ("file", "block", "dir")

UNSEEN = "PVC does not know of it: it is not in snapshots of the VM, nor watched over as its other disks are"
"""An image that a guest may have open and that its record does not name."""

NOT_SEEN = "the VM cannot be kept as a snapshot, and who has it open is not seen before it is started"
"""An image that is in no list of the storage: in an RBD namespace, or of a pool that only libvirt knows."""


def find_cautions(xml: str) -> tuple[str, ...]:
    """Each a sentence that begins with its line."""
    root = parse_root(xml)
    parts = (_host_devices, _local_disks, _unseen_images, _changing_cards, _cpu)
    found = [caution for part in parts for caution in part(root)]
    return tuple(f"line {line_of(element)}: {sentence}" for element, sentence in found)


def _host_devices(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for element in root.findall("devices/hostdev") + root.findall("devices/interface[@type='hostdev']"):
        yield element, "a device of the host: the VM cannot be migrated live, and starts only where it is"


def _local_disks(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for element in root.findall("devices/disk"):
        volume = volume_of(element)
        if volume.type in LOCAL and volume.volume:
            yield element, f"{volume.volume} is local: it must be there, and be the same, on every node"


def _unseen_images(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """RBD images behind or beside a disk, and disks that only libvirt's own storage pools can resolve."""
    for part in ("backingStore", "mirror"):
        for source in root.findall(f"devices/disk//{part}/source[@protocol='rbd']"):
            yield source, f"the image {source.get('name')} in <{part}>: {UNSEEN}"
    for source in root.findall("devices/disk[@type='network']/source[@protocol='rbd']"):
        if source.get("name", "").count("/") != 1:
            yield source, f"the image {source.get('name')} is not POOL/VOLUME: {NOT_SEEN}"
    for source in root.findall("devices/disk[@type='volume']/source"):
        name = f"{source.get('volume')} of libvirt's pool {source.get('pool')}"
        yield source, f"{name}: every node must have that pool. If it is of RBD, {UNSEEN}"


def _changing_cards(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """libvirt keeps no definition that it could write a MAC address into."""
    for element in root.findall("devices/interface"):
        if not network_of(element).macaddr:
            yield element, "no <mac address='...'/>: the guest is given another address at each start"


def _cpu(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for element in root.findall("cpu[@mode='host-passthrough']"):
        yield element, "host-passthrough: live migration works only between nodes with the same CPU"
