"""What PVC needs to know of a domain: identity, size, disks in Ceph, where its console is logged.

Only what PVC itself must understand is checked; libvirt judges the rest when the domain starts.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from pvc_core.xml.disks import rbd_disks, shareable_disks
from pvc_core.xml.document import fault, parse_root, text_of
from pvc_core.xml.identity import NAME_HELP, good_name, normal_uuid
from pvc_core.xml.scale import MAX_BYTES, UNITS_HELP, to_mib, unit_bytes, whole_number

# libvirt 9 reserves memory for as many as are written, and dies of a number in the billions.
MAX_VCPUS = 16384

MAX_TEXT = 40
"""Characters of what is wrong that are said again."""


@dataclass(frozen=True)
class DomainXml:
    """A frozen view of one domain XML."""

    uuid: str | None
    name: str
    memory_mib: int
    vcpus: int
    rbd_disks: tuple[str, ...] = ()
    """`pool/image`, in the order of the XML."""
    shareable_disks: tuple[str, ...] = ()
    """Those of them that another VM may have too."""
    console_log: str | None = None

    @property
    def console(self) -> str:
        """Its file, by a name alone where the XML leaves it to the node."""
        return self.console_log or f"{self.name}.log"


def parse_domain(xml: str) -> DomainXml:
    """Read a domain XML; raises InvalidXml with the line and the fault."""
    root = parse_root(xml)
    return DomainXml(
        uuid=_uuid(root),
        name=_name(root),
        memory_mib=to_mib(memory_bytes(root)),
        vcpus=vcpu_counts(root)[0],
        rbd_disks=rbd_disks(root),
        shareable_disks=shareable_disks(root),
        console_log=_console_log(root),
    )


def _uuid(root: etree._Element) -> str | None:
    element = root.find("uuid")
    text = "" if element is None else text_of(element)
    if element is None or not text:
        return None
    uuid = normal_uuid(text)
    if uuid is None:
        raise fault(f"<uuid> {text.strip()[:MAX_TEXT]!r} is not a UUID", element)
    return uuid


def _name(root: etree._Element) -> str:
    names = root.findall("name")
    if not names:
        raise fault("the domain has no <name>", root)
    if len(names) > 1:
        raise fault("the domain has more than one <name>", names[1])
    name = text_of(names[0])
    if not name:
        raise fault("the <name> is empty", names[0])
    if not good_name(name):
        raise fault(f"the name {name!r} is not usable: {NAME_HELP}", names[0])
    return name


def memory_bytes(root: etree._Element) -> int:
    """Bytes. Like libvirt: NUMA cells and memory modules, when there are any, outweigh <memory>."""
    cells = sum(size_of(cell, cell.get("memory", "")) for cell in root.findall("cpu/numa/cell"))
    if cells:
        modules = root.findall("devices/memory/target/size")
        return cells + sum(size_of(module, text_of(module)) for module in modules)
    memory = root.find("memory")
    if memory is None:
        raise fault("the domain has no <memory>", root)
    size = size_of(memory, text_of(memory))
    if not size:
        raise fault("the <memory> is zero", memory)
    return size


def size_of(element: etree._Element, text: str) -> int:
    """Bytes; the unit is the element's own attribute."""
    unit = element.get("unit") or "KiB"
    scale = unit_bytes(unit)
    if scale is None:
        raise fault(f"<{element.tag}> has the unknown unit {unit!r}; {UNITS_HELP}", element)
    number = whole_number(text)
    if number is None:
        raise fault(f"<{element.tag}> must hold a whole number, not {text[:MAX_TEXT]!r}", element)
    if number * scale > MAX_BYTES:
        raise fault(f"<{element.tag}> is larger than any machine", element)
    return number * scale


def vcpu_counts(root: etree._Element) -> tuple[int, int]:
    """How many are online at the start, and how many there can be."""
    element = root.find("vcpu")
    if element is None:
        return 1, 1
    maximum = _count(element, text_of(element))
    current = _enabled(root) or _count(element, element.get("current", str(maximum)))
    if current > maximum:
        raise fault(f"<vcpu> wants {current} of {maximum} to be online", element)
    return current, maximum


def _enabled(root: etree._Element) -> int:
    """As libvirt counts where each is listed: what `current` says is nothing then. 0 where none is."""
    each = root.findall("vcpus/vcpu")
    enabled = sum(one.get("enabled") == "yes" for one in each)
    if each and not enabled:
        raise fault("<vcpus> has none that is enabled", each[0])
    return enabled


def _count(element: etree._Element, text: str) -> int:
    count = whole_number(text)
    if not count or count > MAX_VCPUS:
        raise fault(f"<vcpu> must be a number from 1 to {MAX_VCPUS}, not {text[:MAX_TEXT]!r}", element)
    return count


def _console_log(root: etree._Element) -> str | None:
    """libvirt's first console is the first serial port, so its log may be declared at either."""
    for place in ("console", "serial"):
        for log in root.findall(f"devices/{place}/log"):
            if log.get("file"):
                return log.get("file")
    return None
