"""States of real guests: crashed, paused, deaf, restarted, disabled."""

from __future__ import annotations

import signal
import subprocess

from lab_tool import eventually
from real_cluster import RealCluster

from pvc_lab import libvirtd, ticks
from pvc_lab.processes import PROC, Process, all_processes, of_lab


def qemu_of(real: RealCluster, name: str) -> Process:
    spaces = {process.space for process in of_lab(real.root)}
    (found,) = [one for one in all_processes() if one.space in spaces and is_guest(one, name)]
    return found


def is_guest(process: Process, name: str) -> bool:
    words = (PROC / str(process.pid) / "cmdline").read_bytes().split(b"\0")
    return b"qemu-system" in words[0] and f"guest={name},debug-threads=on".encode() in words


def virsh(real: RealCluster, node: str, *words: str) -> None:
    uri = libvirtd.uri(real.layout.node(node))
    subprocess.run(["virsh", "-c", uri, "-q", *words], check=True, timeout=20, capture_output=True)


def boots(real: RealCluster, name: str) -> int:
    return len(ticks.read_ticks(real.layout, name).boots)


def recoveries(real: RealCluster) -> list[str]:
    return [job["id"] for job in real.get("/task?operation=vm.recover")]


def test_a_killed_qemu_is_started_again_by_a_visible_task(real: RealCluster) -> None:
    real.boot(["vm1"])
    before = set(recoveries(real))
    qemu_of(real, "vm1").send(signal.SIGKILL)
    eventually("its agent asks for its recovery", lambda: set(recoveries(real)) - before)
    (job,) = set(recoveries(real)) - before
    ended = real.succeeds(job)
    assert ended["actor"] == "agent@hv1"
    assert any("its QEMU process died; restart 1 of 5" in line["text"] for line in ended["log"]), ended["log"]
    eventually("it has booted again", lambda: boots(real, "vm1") == 2, 30)
    assert real.vm("vm1")["spec"]["state"] == "start"


def test_a_suspended_guest_is_named_left_alone_and_let_run_on(real: RealCluster) -> None:
    real.boot(["vm1"])
    virsh(real, "hv1", "suspend", "vm1")
    eventually(
        "it is a fault", lambda: [fault["code"] for fault in real.vm("vm1")["faults"]] == ["VM_PAUSED"]
    )
    assert (real.vm("vm1")["seen"], real.vm("vm1")["seen_why"]) == ("paused", "by hand")
    for verb in ("shutdown", "restart", "migrate"):
        refused = real.ask("POST", f"/vm/vm1/{verb}", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "GUEST_PAUSED")
    flushed = real.ended(real.submit("/node/hv1/flush"))
    assert flushed["state"] == "partial" and flushed["result"]["left"][0]["code"] == "GUEST_PAUSED"
    assert real.domains("hv1") == {"vm1"}
    real.succeeds(real.submit("/vm/vm1/start"))
    real.assert_unnoticed(["vm1"])
    assert boots(real, "vm1") == 1


def test_a_guest_is_restarted_off_and_on_again(real: RealCluster) -> None:
    real.boot(["vm1"])
    done = real.pvc("vm", "restart", "vm1", "--yes", "--wait")
    assert done.returncode == 0 and "vm1 runs on hv1 again" in done.stdout, done.stdout + done.stderr
    eventually("it has booted again", lambda: boots(real, "vm1") == 2, 30)
    assert not [job for job in real.get("/task?operation=vm.adopt") if "vm1" in job["text"]]


def test_a_deaf_guest_outlasts_its_time_or_is_stopped_as_asked(real: RealCluster) -> None:
    """Stopped in its own SeaBIOS: no kernel that hears the button has been started."""
    xml = deaf_xml(real)
    real.submit("/vm", xml=xml, node="hv1", shutdown_timeout_s=1)
    real.succeeds(real.submit("/vm/deaf/start"))
    ignored = real.pvc("vm", "restart", "deaf", "--yes", "--wait")
    assert ignored.returncode == 8 and "keeps running" in ignored.stdout, ignored.stdout
    assert real.domains("hv1") == {"deaf"}
    old = qemu_of(real, "deaf").pid
    real.succeeds(real.submit("/vm/deaf/restart", then_stop=True))
    assert qemu_of(real, "deaf").pid != old
    real.succeeds(real.submit("/vm/deaf/shutdown", then_stop=True))
    assert real.domains("hv1") == set()


def deaf_xml(real: RealCluster) -> str:
    """Without a kernel to boot."""
    real.define("hearing")
    xml = real.ask("GET", "/vm/hearing/xml").text.replace("hearing", "deaf")
    xml = xml.replace(f"<uuid>{real.vm('hearing')['spec']['uuid']}</uuid>", "")
    assert real.ask("DELETE", "/vm/hearing").status_code == 200
    start, end = xml.index("<kernel>"), xml.index("</cmdline>") + len("</cmdline>")
    return xml[:start] + xml[end:]


def test_a_disabled_vm_stays_down(real: RealCluster) -> None:
    real.boot(["vm1"])
    done = real.pvc("vm", "disable", "vm1", "--yes", "--wait")
    assert done.returncode == 0 and real.domains("hv1") == set(), done.stdout
    assert real.pvc("vm", "start", "vm1", "--wait").returncode == 0
    done = real.pvc("vm", "disable", "vm1", "--force", "--yes", "--wait")
    assert done.returncode == 0 and real.domains("hv1") == set(), done.stdout
    assert real.pvc("vm", "restart", "vm1", "--yes").returncode == 5
    assert real.pvc("vm", "stop", "vm1", "--yes", "--wait").returncode == 0
    assert real.vm("vm1")["spec"]["state"] == "stop"
