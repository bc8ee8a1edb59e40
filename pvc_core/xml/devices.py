"""Network interfaces and disks: made, found, put into an XML, taken out of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from copy import deepcopy
from itertools import product
from string import ascii_lowercase
from typing import Literal

from lxml import etree

from pvc_core.errors import Conflict, NotFound
from pvc_core.model.hardware import Bus, ImageFormat, NetworkDevice, VolumeDevice, VolumeType
from pvc_core.xml.document import parse_root
from pvc_core.xml.edit import written
from pvc_core.xml.hardware import network_of, volume_of
from pvc_core.xml.place import insert, take_out

Tag = Literal["interface", "disk"]

WORDS: dict[str, str] = {"interface": "network", "disk": "volume"}
PREFIXES = {Bus.VIRTIO: "vd", Bus.SCSI: "sd", Bus.IDE: "hd", Bus.SATA: "sd", Bus.USB: "sd"}


class Ambiguous(Conflict):
    code = "AMBIGUOUS"


def network_xml(kind: str, network: str, macaddr: str, model: str) -> str:
    """An <interface>."""
    interface = etree.Element("interface", type=kind)
    etree.SubElement(interface, "mac", address=macaddr)
    etree.SubElement(interface, "source", {kind: network})
    etree.SubElement(interface, "model", type=model)
    return _text(interface)


def volume_xml(xml: str, kind: VolumeType, volume: str, disk_id: str, bus: Bus, image: ImageFormat) -> str:
    """A <disk>; how the Ceph cluster is reached and opened is taken from an RBD disk the VM already has."""
    disk = etree.Element("disk", type="network" if kind is VolumeType.RBD else "file", device="disk")
    driver = etree.SubElement(disk, "driver", name="qemu", type=image.value)
    if kind is VolumeType.RBD:
        driver.set("discard", "unmap")
        _add_rbd(disk, volume, parse_root(xml))
    else:
        etree.SubElement(disk, "source", file=volume)
    etree.SubElement(disk, "target", dev=disk_id, bus=bus.value)
    return _text(disk)


def with_device(xml: str, device: str) -> str:
    """The XML with one more device, behind the last of its kind."""
    root, new = parse_root(xml), etree.fromstring(device)
    devices = root.find("devices")
    if devices is None:
        devices = etree.Element("devices")
        insert(root, devices)
    insert(devices, new, (str(new.tag), "emulator"))
    return written(root)


def without_device(xml: str, tag: Tag, keys: Collection[str]) -> str:
    """The XML without the one device that has all these keys; as it is when it has none such.

    Raises Ambiguous.
    """
    root = parse_root(xml)
    element = _find(root, tag, keys)
    if element is not None:
        take_out(element)
    return written(root)


def find_device(xml: str, tag: Tag, keys: Collection[str]) -> str | None:
    """The one device that has all these keys; raises Ambiguous where there are several."""
    found = _find(parse_root(xml), tag, keys)
    return None if found is None else _text(found)


def load_device(xml: str, tag: Tag, keys: Collection[str]) -> str:
    """As `find_device`; raises NotFound."""
    found = find_device(xml, tag, keys)
    if found is None:
        verb = WORDS[tag]
        raise NotFound(f"the VM has no {verb} {' '.join(keys)}", f"See `pvc vm {verb} get VM`.")
    return found


def keys_of(element: etree._Element) -> frozenset[str]:
    """By what an interface or a disk can be named."""
    if element.tag == "interface":
        network = network_of(element)
        return frozenset(key for key in (network.macaddr, network.network) if key)
    volume = volume_of(element)
    return frozenset(key for key in (volume.disk_id, volume.volume) if key)


def device_keys(xml: str, tag: Tag) -> frozenset[str]:
    """Of all its devices of a kind: what is taken."""
    return frozenset(key for part in parse_root(xml).findall(f"devices/{tag}") for key in keys_of(part))


def free_disk_id(bus: Bus, taken: Collection[str]) -> str:
    prefix = PREFIXES[bus]
    return next(prefix + letters for letters in _letters() if prefix + letters not in taken)


def interface_of(device: str) -> NetworkDevice:
    return network_of(etree.fromstring(device))


def disk_of(device: str) -> VolumeDevice:
    return volume_of(etree.fromstring(device))


def names_of(device: str) -> list[str]:
    """All by which it can be named."""
    return sorted(keys_of(etree.fromstring(device)))


def _find(root: etree._Element, tag: Tag, keys: Collection[str]) -> etree._Element | None:
    if not keys:
        raise ValueError(f"no key: that would be every {WORDS[tag]}")
    found = [part for part in root.findall(f"devices/{tag}") if set(keys) <= keys_of(part)]
    if len(found) > 1:
        each = ", ".join(" ".join(sorted(keys_of(element))) for element in found)
        raise Ambiguous(
            f"{len(found)} {WORDS[tag]}s are {' '.join(keys)}: {each}",
            "Name one by its MAC address (--macaddr) or disk id. Of one that has none of its own, change the "
            "XML itself: pvc vm modify VM.",
        )
    return found[0] if found else None


def _add_rbd(disk: etree._Element, volume: str, root: etree._Element) -> None:
    like = root.find("devices/disk[@type='network']/source[@protocol='rbd']")
    source = etree.SubElement(disk, "source", protocol="rbd", name=volume)
    if like is None:
        return
    owner = like.getparent()
    outer = None if owner is None else owner.find("auth")
    if outer is not None:
        disk.insert(disk.index(source), deepcopy(outer))
    for part in like:
        if part.tag in ("host", "auth", "config"):
            source.append(deepcopy(part))


def _letters() -> Iterator[str]:
    yield from ascii_lowercase
    yield from ("".join(pair) for pair in product(ascii_lowercase, repeat=2))


def _text(element: etree._Element) -> str:
    """By itself, on lines that say nothing of where it stood."""
    alone = deepcopy(element)
    alone.tail = None
    return str(etree.tostring(alone, encoding="unicode"))
