"""What hardware a domain XML describes."""

from __future__ import annotations

from lxml import etree

from pvc_core.model.hardware import Hardware, Memory, NetworkDevice, Vcpus, VolumeDevice
from pvc_core.xml.document import parse_root, text_of
from pvc_core.xml.domain import memory_bytes, size_of, vcpu_counts
from pvc_core.xml.scale import to_mib

SOURCES = ("bridge", "network", "dev", "portgroup", "path")
PLACES = ("name", "file", "dev", "dir", "volume")


def parse_hardware(xml: str) -> Hardware:
    root = parse_root(xml)
    return Hardware(
        vcpus=_vcpus(root),
        memory=_memory(root),
        networks=tuple(network_of(part) for part in root.findall("devices/interface")),
        volumes=tuple(volume_of(part) for part in root.findall("devices/disk")),
    )


def network_of(interface: etree._Element) -> NetworkDevice:
    mac = _attribute(interface, "mac", "address")
    return NetworkDevice(
        type=interface.get("type", ""),
        network=_first(interface.find("source"), SOURCES),
        macaddr=mac and mac.lower(),
        model=_attribute(interface, "model", "type"),
    )


def volume_of(disk: etree._Element) -> VolumeDevice:
    source = disk.find("source")
    kind = disk.get("type", "")
    protocol = source.get("protocol") if source is not None and kind == "network" else None
    return VolumeDevice(
        type=protocol or kind,
        volume=_first(source, PLACES),
        disk_id=_attribute(disk, "target", "dev"),
        bus=_attribute(disk, "target", "bus"),
        device=disk.get("device", "disk"),
    )


def _vcpus(root: etree._Element) -> Vcpus:
    current, maximum = vcpu_counts(root)
    topology = root.find("cpu/topology")
    words = (
        None if topology is None else [topology.get(part, "1") for part in ("sockets", "cores", "threads")]
    )
    return Vcpus(vcpus=current, maximum=maximum, topology=words and ",".join(words))


def _memory(root: etree._Element) -> Memory:
    most = to_mib(memory_bytes(root))
    current = root.find("currentMemory")
    now = most if current is None else to_mib(size_of(current, text_of(current)))
    return Memory(memory_mib=most, current_mib=min(now, most) or most)


def _attribute(element: etree._Element, tag: str, name: str) -> str | None:
    found = element.find(tag)
    return None if found is None else found.get(name)


def _first(source: etree._Element | None, names: tuple[str, ...]) -> str | None:
    if source is None:
        return None
    return next((source.get(name) for name in names if source.get(name)), None)
