"""Definitions, names, sizes and devices, changed on a real libvirt; the witness is virsh."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab_tool import PROGRAMS, eventually
from real_cluster import RealCluster

from pvc_lab import guest, libvirtd

pytestmark = [pytest.mark.timeout(180)]

MAC = "52:54:00:00:be:ef"


def done(real: RealCluster, *words: str, code: int = 0) -> str:
    ended = real.pvc(*words)
    assert ended.returncode == code, (words, ended.stdout, ended.stderr)
    return ended.stdout + ended.stderr


def live(real: RealCluster, name: str, node: str = "hv1") -> ET.Element:
    """What virsh says."""
    uri = libvirtd.uri(real.layout.node(node))
    return ET.fromstring(
        subprocess.check_output(["virsh", "-c", uri, "dumpxml", name], text=True, timeout=20)
    )


def disks(real: RealCluster, name: str) -> list[str | None]:
    return [target.get("dev") for target in live(real, name).findall("devices/disk/target")]


def boot(real: RealCluster, name: str, vcpus: str = "<vcpu>1</vcpu>") -> None:
    xml = guest.domain_xml(real.layout, name).replace("<vcpu>1</vcpu>", vcpus)
    real.submit("/vm", xml=xml, node="hv1")
    real.succeeds(real.submit(f"/vm/{name}/start"))
    eventually("it ticks", lambda: real.last_tick(name), 60)


def editor(tmp_path: Path, script: str) -> str:
    """A program that edits the file it is opened on."""
    program = tmp_path / "editor"
    program.write_text(f"#!/bin/sh\nset -e\n{script}\n")
    program.chmod(0o755)
    return str(program)


@contextmanager
def a_bridge(real: RealCluster, name: str) -> Iterator[None]:
    node = next(part for part in real.status()["parts"] if part["part"] == "hv1/libvirtd")
    inside = ["nsenter", "--target", str(node["pid"]), "--net", "ip", "link"]
    subprocess.run([*inside, "add", name, "type", "bridge"], check=True, timeout=5)
    try:
        yield
    finally:
        subprocess.run([*inside, "delete", name], check=False, timeout=5)


def test_of_two_who_edit_the_second_is_told_and_loses_nothing(real: RealCluster, tmp_path: Path) -> None:
    real.define("vm1")
    other = tmp_path / "other.xml"
    done(real, "vm", "dump", "vm1", "--file", str(other))
    other.write_text(other.read_text().replace(">128<", ">192<"))
    meanwhile = f"{PROGRAMS / 'pvc'} vm modify vm1 {other} --yes >/dev/null 2>&1"
    real.environment["EDITOR"] = editor(tmp_path, f"sed -i 's/>128</>256</' \"$1\"\n{meanwhile}")
    shown = done(real, "vm", "modify", "vm1", "--yes", code=5)
    assert "changed since it was opened" in shown and ">192<" in shown
    (kept,) = [Path(path) for path in re.findall(r"Your text is in (\S+\.xml):", shown)]
    try:
        assert ">256<" in kept.read_text()
        assert real.vm("vm1")["spec"]["memory_mib"] == 192
        done(real, "vm", "modify", "vm1", str(kept), "--yes")
        assert real.vm("vm1")["spec"]["memory_mib"] == 256
    finally:
        kept.unlink()
        del real.environment["EDITOR"]


def test_a_renamed_vm_runs_under_its_new_name(real: RealCluster) -> None:
    """And no line of its console is lost, though its agent was away when it printed the last."""
    boot(real, "vm1")
    assert "Shut it down first" in done(real, "vm", "rename", "vm1", "shop1", code=5)
    real.do("kill", "hv1/agent")
    done(real, "vm", "stop", "vm1", "--yes", "--wait")
    done(real, "vm", "rename", "vm1", "shop1")
    last = real.last_tick("vm1")
    real.do("start", "hv1/agent")
    eventually("its last line is shown", lambda: f" {last};" in done(real, "vm", "log", "shop1"), 30)
    shown = [int(number) for number in re.findall(r"tick \w+ (\d+);", done(real, "vm", "log", "shop1"))]
    assert shown == list(range(shown[0], last + 1))
    done(real, "vm", "start", "shop1", "--wait")
    assert real.domains("hv1") == {"shop1"}
    assert "no VM vm1" in done(real, "vm", "info", "vm1", code=4)
    eventually("it prints under its new name", lambda: real.last_tick("shop1"), 60)
    eventually("that is shown too", lambda: done(real, "vm", "log", "shop1").count(" 1;") == 2, 30)


def test_a_running_guest_grows_and_what_it_cannot_have_waits(real: RealCluster) -> None:
    boot(real, "vm1", "<vcpu current='1'>2</vcpu>")
    done(real, "vm", "vcpu", "set", "vm1", "2", "--wait")
    vcpu = live(real, "vm1").find("vcpu")
    assert vcpu is not None and (vcpu.text, vcpu.get("current")) == ("2", None)
    assert "room for 2" in done(real, "vm", "vcpu", "set", "vm1", "4", "--wait")
    assert "128 MiB" in done(real, "vm", "memory", "set", "vm1", "160", "--wait")
    assert real.node("hv1")["memory_wanted_mib"] == 160
    assert real.vm("vm1")["spec"]["running"]["memory_mib"] == 128
    done(real, "vm", "restart", "vm1", "--force", "--yes", "--wait")
    memory, vcpu = live(real, "vm1").find("memory"), live(real, "vm1").find("vcpu")
    assert memory is not None and vcpu is not None and (memory.text, vcpu.text) == (str(160 * 1024), "4")
    assert real.vm("vm1")["spec"]["running"] is None


def test_devices_come_and_go_while_the_guest_ticks(real: RealCluster, tmp_path: Path) -> None:
    image = tmp_path / "data.img"
    image.write_bytes(bytes(1 << 20))
    boot(real, "vm1")
    shown = done(real, "vm", "volume", "add", "vm1", str(image), "--type", "file", "--wait")
    assert "is local" in shown and disks(real, "vm1") == ["vda"]
    with a_bridge(real, "brlab"):
        done(real, "vm", "network", "add", "vm1", "brlab", "--macaddr", MAC, "--wait")
        assert live(real, "vm1").find(f"devices/interface/mac[@address='{MAC}']") is not None
        assert MAC in done(real, "vm", "network", "get", "vm1")
        done(real, "vm", "network", "remove", "vm1", "brlab", "--yes", "--wait")
        assert live(real, "vm1").find("devices/interface") is None
    done(real, "vm", "volume", "remove", "vm1", "vda", "--yes", "--wait")
    assert disks(real, "vm1") == [] and real.get("/vm/vm1/volume") == []
    real.assert_unnoticed(["vm1"])


def test_a_device_libvirt_refuses_is_not_kept(real: RealCluster) -> None:
    boot(real, "vm1")
    refused = real.ended(real.submit("/vm/vm1/network", network="nobridge"))
    assert refused["state"] == "failed" and "--no-live" in refused["error"]["remedy"]
    assert real.get("/vm/vm1/network") == []


def test_a_worker_killed_between_libvirt_and_the_record_leaves_both_alike(
    real: RealCluster, tmp_path: Path
) -> None:
    image = tmp_path / "data.img"
    image.write_bytes(bytes(1 << 20))
    boot(real, "vm1")
    job = real.submit("/vm/vm1/volume", volume=str(image), type="file")
    eventually("libvirt has it", lambda: disks(real, "vm1") == ["vda"])
    real.do("kill", "hv1/worker")
    real.do("start", "hv1/worker")
    real.succeeds(job)
    assert disks(real, "vm1") == ["vda"]
    assert [volume["disk_id"] for volume in real.get("/vm/vm1/volume")] == ["vda"]


def test_the_schema_names_line_and_element(real: RealCluster, tmp_path: Path) -> None:
    file = tmp_path / "bad.xml"
    text = guest.domain_xml(real.layout, "vm1").replace("<console ", "<consolle ", 1)
    file.write_text(text.replace('<controller type="usb"', '<controller type="ubs"'))
    shown = done(real, "vm", "define", str(file), code=2)
    assert re.search(r"line \d+: <controller type='ubs'", shown), shown
    assert real.get("/vm") == []
