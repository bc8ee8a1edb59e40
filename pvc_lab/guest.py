"""The domain XML of a tiny guest that ticks on its serial console."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from pvc_core.model.names import VM_NAME_PATTERN
from pvc_lab import guest_disk
from pvc_lab.errors import BadOption
from pvc_lab.layout import Layout

MIN_MEMORY_MIB = 96


def domain_xml(
    layout: Layout, name: str, memory: int = 128, vcpus: int = 1, busy: int = 0, disk: str | None = None
) -> str:
    """The XML, without a UUID: whoever defines it gives one. Raises BadOption."""
    check(name, memory, vcpus, busy)
    disks = [] if disk is None else [guest_disk.disk_xml(layout, disk)]
    domain = _element(
        "domain",
        _element("name", text=name),
        _element("memory", text=str(memory), unit="MiB"),
        _element("vcpu", text=str(vcpus)),
        _boot(layout, memory, busy, disk is not None),
        _element("features", _element("acpi")),
        _element("on_poweroff", text="destroy"),
        _element("on_reboot", text="restart"),
        _element("on_crash", text="destroy"),
        _devices(name, disks),
        type="qemu",
    )
    ET.indent(domain)
    return ET.tostring(domain, encoding="unicode") + "\n"


def check(name: str, memory: int, vcpus: int, busy: int) -> None:
    """Refuse what could not boot."""
    if not re.fullmatch(VM_NAME_PATTERN, name):
        raise BadOption(f"{name!r} is no good name for a VM", "Letters, digits, dot, dash, underscore.")
    if not MIN_MEMORY_MIB <= memory <= 65536:
        raise BadOption(f"--memory must be {MIN_MEMORY_MIB} to 65536 MiB, not {memory}")
    if not 1 <= vcpus <= 16:
        raise BadOption(f"--vcpus must be 1 to 16, not {vcpus}")
    if not 0 <= busy <= 1000:
        raise BadOption(f"--busy must be 0 to 1000 MiB per second, not {busy}")


def _boot(layout: Layout, memory: int, busy: int, disk: bool) -> ET.Element:
    """A busy guest rewrites a third of its memory again and again."""
    work = f" busy={busy} region={memory // 3}" if busy else ""
    work += " disk=vda" if disk else ""
    return _element(
        "os",
        _element("type", text="hvm", arch="x86_64"),
        _element("kernel", text=str(layout.guest / "vmlinuz")),
        _element("initrd", text=str(layout.guest / "initramfs")),
        _element("cmdline", text=f"console=ttyS0 quiet panic=1{work}"),
    )


def _devices(name: str, disks: list[ET.Element]) -> ET.Element:
    """The log is appended to: after a migration the ticks go on in the target's file."""
    log = _element("log", file=f"/var/log/libvirt/{name}.log", append="on")
    return _element(
        "devices",
        _element("controller", type="usb", model="none"),
        *disks,
        _element("serial", log, type="pty"),
        _element("console", type="pty"),
    )


def _element(tag: str, *children: ET.Element, text: str | None = None, **attributes: str) -> ET.Element:
    made = ET.Element(tag, attributes)
    made.text = text
    made.extend(children)
    return made
