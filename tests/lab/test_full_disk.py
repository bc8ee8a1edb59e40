"""A guest whose storage is full stands still: it is reported, kept as it is, and let run on."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from lab_tool import eventually
from real_cluster import RealCluster

from pvc_lab import guest

SMALL, ENOUGH = "256k", "4m"
"""Beside what a guest writes, round after round: some 500 KiB."""


def disk_on(path: str) -> ET.Element:
    disk = ET.Element("disk", type="file", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type="raw", cache="none")
    ET.SubElement(disk, "source", file=path)
    ET.SubElement(disk, "target", dev="vda", bus="virtio")
    return disk


def writing_guest(real: RealCluster, path: str) -> str:
    domain = ET.fromstring(guest.domain_xml(real.layout, "vm1"))
    devices, line = domain.find("devices"), domain.find("os/cmdline")
    assert devices is not None and line is not None
    devices.append(disk_on(path))
    line.text = f"{line.text} disk=vda"
    return ET.tostring(domain, encoding="unicode")


def faults(real: RealCluster) -> list[str]:
    return [fault["code"] for fault in real.get("/status")["faults"]]


def test_a_guest_that_a_full_disk_stopped_is_reported_and_not_torn_down(real: RealCluster) -> None:
    place = real.layout.node("hv1").libvirt / "full"
    real.do("exec", "hv1", "--", "mkdir", "-p", str(place))
    real.do("exec", "hv1", "--", "mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place))
    try:
        real.do("exec", "hv1", "--", "truncate", "-s", "64M", f"{place}/disk.raw")
        real.submit("/vm", xml=writing_guest(real, f"{place}/disk.raw"), node="hv1", autorestart=True)
        real.succeeds(real.submit("/vm/vm1/start"))
        eventually("it is named", lambda: faults(real) == ["VM_PAUSED"], 60)
        vm = real.vm("vm1")
        assert (vm["seen"], vm["seen_why"], vm["spec"]["state"]) == ("paused", "I/O error", "start")
        again = real.ended(real.submit("/vm/vm1/start"))
        assert (again["state"], again["error"]["code"]) == ("failed", "GUEST_PAUSED")
        flush = real.ended(real.submit("/node/hv1/flush"))
        assert [left["code"] for left in flush["result"]["left"]] == ["GUEST_PAUSED"]
        assert real.domains("hv1") == {"vm1"}
        real.do("exec", "hv1", "--", "mount", "-o", f"remount,size={ENOUGH}", str(place))
        real.succeeds(real.submit("/vm/vm1/start"))
        eventually("nobody is worried any more", lambda: "VM_PAUSED" not in faults(real))
        real.assert_unnoticed(["vm1"])
    finally:
        real.succeeds(real.submit("/vm/vm1/stop"))
        real.do("exec", "hv1", "--", "umount", str(place))
