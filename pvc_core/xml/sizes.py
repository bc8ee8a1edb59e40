"""Changes of a domain's size: its virtual CPUs, their topology, its memory."""

from __future__ import annotations

from math import prod

from lxml import etree

from pvc_core.errors import InvalidRequest
from pvc_core.xml.document import line_of, parse_root
from pvc_core.xml.domain import vcpu_counts
from pvc_core.xml.edit import written
from pvc_core.xml.place import insert
from pvc_core.xml.scale import whole_number

HEAD = ("name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory", "currentMemory")
PARTS = ("sockets", "cores", "threads")


class SizeUnclear(InvalidRequest):
    """The XML says it in more than one place."""

    code = "SIZE_UNCLEAR"
    default_remedy = "Change it in the XML itself: pvc vm modify VM."


def with_vcpus(xml: str, count: int, maximum: int | None = None, topology: str | None = None) -> str:
    """`count` online of `maximum`; the maximum stays what it is unless it must grow or is given."""
    root = parse_root(xml)
    most = _maximum(root, count, maximum, topology)
    before = vcpu_counts(root)
    if (count, most) != before:
        _check_not_told_by(root, "vcpus/vcpu")
    if most != before[1]:
        _check_not_told_by(root, "cpu/numa/cell")
    _set_count(root, count, most)
    if topology is not None:
        _set_topology(root, topology)
    _check_topology(root, most)
    return written(root)


def with_memory(xml: str, mib: int) -> str:
    """As much as it may use, and all of it from the start."""
    root = parse_root(xml)
    if root.find("cpu/numa/cell") is not None or root.find("devices/memory") is not None:
        raise SizeUnclear("the memory is divided into NUMA cells or modules")
    for tag in ("memory", "currentMemory"):
        for element in root.findall(tag):
            element.set("unit", "MiB")
            element.text = str(mib)
    return written(root)


def with_current_memory(xml: str, mib: int) -> str:
    """What it uses now, of as much as it may."""
    root = parse_root(xml)
    element = root.find("currentMemory")
    if element is None:
        element = etree.Element("currentMemory")
        insert(root, element, HEAD)
    element.set("unit", "MiB")
    element.text = str(mib)
    return written(root)


def _maximum(root: etree._Element, count: int, maximum: int | None, topology: str | None) -> int:
    told = maximum
    if topology is not None:
        told = prod(int(part) for part in topology.split(","))
        if maximum not in (None, told):
            raise InvalidRequest(f"topology: {topology} makes {told} vCPUs, not the maximum of {maximum}")
    if told is None:
        return max(count, vcpu_counts(root)[1])
    if not told or count > told:
        raise InvalidRequest(f"vcpus: {count} is more than the maximum of {told}")
    return told


def _check_not_told_by(root: etree._Element, path: str) -> None:
    if (found := root.find(path)) is not None:
        where = path.split("/")[-2]
        raise SizeUnclear(f"the vCPUs are also told one by one, in <{where}>", line=line_of(found))


def _set_count(root: etree._Element, count: int, most: int) -> None:
    element = root.find("vcpu")
    if element is None:
        element = etree.Element("vcpu")
        insert(root, element, HEAD)
    element.text = str(most)
    element.attrib.pop("current", "")
    if count != most:
        element.set("current", str(count))


def _set_topology(root: etree._Element, topology: str) -> None:
    cpu = root.find("cpu")
    if cpu is None:
        cpu = etree.Element("cpu")
        insert(root, cpu)
    element = cpu.find("topology")
    if element is None:
        element = etree.Element("topology")
        insert(cpu, element, ("model", "vendor"))
    element.attrib.pop("dies", "")
    for name, value in zip(PARTS, topology.split(","), strict=True):
        element.set(name, str(int(value)))


def _check_topology(root: etree._Element, most: int) -> None:
    element = root.find("cpu/topology")
    if element is None:
        return
    parts = [whole_number(element.get(part, "1")) for part in (*PARTS, "dies")]
    if None in parts:
        raise SizeUnclear("the <topology> is not made of numbers")
    product = prod(part for part in parts if part is not None)
    if product != most:
        words = ",".join(element.get(part, "1") for part in PARTS)
        raise InvalidRequest(
            f"the topology {words} makes {product} vCPUs, not {most}", "Say which: --topology S,C,T"
        )
