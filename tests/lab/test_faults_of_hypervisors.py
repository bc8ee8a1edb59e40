"""libvirtd that dies or stands still, and clusters in which there is no room."""

from __future__ import annotations

import time

from fault_checks import FOUR, is_copied
from lab_tool import eventually
from real_cluster import RealCluster

STILL_S = 20.0


def test_libvirtd_of_the_source_is_restarted_in_mid_copy(real: RealCluster) -> None:
    real.boot(["busy1"], busy=30)
    with real.slow_network(mbit=100):
        job = real.submit("/vm/busy1/migrate", target="hv2")
        eventually("it is copied", lambda: is_copied(real, job))
        real.do("kill", "hv1/libvirtd")
        real.do("start", "hv1/libvirtd")
    ended = real.ended(job)
    where = "hv2" if ended["state"] == "succeeded" else "hv1"
    eventually("one copy runs", lambda: real.domains(where) == {"busy1"})
    assert sum(bool(real.domains(name)) for name in ("hv1", "hv2", "hv3")) == 1
    eventually("the record is true", lambda: real.vm("busy1")["spec"]["node"] == where)
    real.assert_unnoticed(["busy1"])


def test_libvirtd_stands_still_and_only_its_jobs_wait(real: RealCluster) -> None:
    """Heartbeats, cancel and the jobs of other nodes go on; what waits says so, and then goes on."""
    real.boot(["vm1"])
    real.define("vm2", "hv2")
    real.do("stop", "hv1/libvirtd")
    still = time.monotonic() + STILL_S
    job, other = real.submit("/vm/vm1/migrate", target="hv2"), real.submit("/vm/vm2/start")
    real.succeeds(other, within=30)
    eventually("it says what it waits for", lambda: "libvirt" in str(real.get(f"/task/{job}")["waiting"]))
    unwanted = real.submit("/vm/vm1/shutdown")
    assert real.pvc("task", "cancel", unwanted).returncode == 0
    assert real.ended(unwanted, within=10)["state"] == "cancelled"
    while time.monotonic() < still:
        assert real.node("hv1")["alive"] and real.node("hv1")["worker"]
        time.sleep(1)
    assert not real.node("hv1")["hypervisor_ok"]
    real.do("cont", "hv1/libvirtd")
    real.succeeds(job)
    assert (real.domains("hv1"), real.domains("hv2")) == (set(), {"vm1", "vm2"})
    real.assert_unnoticed(["vm1"])


def test_ready_supersedes_a_flush_of_the_same_node(real: RealCluster) -> None:
    real.boot(FOUR)
    flush = real.submit("/node/hv1/flush", parallel=1)
    eventually("one has moved", lambda: real.get(f"/task/{flush}")["progress"]["done"] >= 1, 60)
    ready = real.submit("/node/hv1/ready")
    real.succeeds(ready)
    assert real.ended(flush)["state"] == "cancelled"
    assert real.domains("hv1") == set(FOUR)
    assert real.node("hv1")["state"] == "ready"
    real.assert_unnoticed(FOUR)


def test_a_target_fills_up_behind_the_plan(real: RealCluster) -> None:
    """hv2 and hv3 have room for one of the large VMs each; a third is started there while hv1 is flushed."""
    room = int(real.node("hv2")["memory_free_mib"])
    real.boot(["large1", "large2"], memory=128)
    real.define("filler", "hv2", memory=room - 64)
    flush, filler = real.submit("/node/hv1/flush"), real.submit("/vm/filler/start")
    real.ended(filler)
    real.succeeds(flush)
    for name in ("hv2", "hv3"):
        assert real.node(name)["memory_free_mib"] >= 0
    assert real.domains("hv1") - {"filler"} == set()
    real.assert_unnoticed(["large1", "large2"])


def test_with_all_others_flushed_nothing_moves_and_everything_is_named(real: RealCluster) -> None:
    real.boot(["vm1", "vm2"])
    for name in ("hv2", "hv3"):
        real.succeeds(real.submit(f"/node/{name}/flush"))
    ended = real.ended(real.submit("/node/hv1/flush"))
    assert ended["state"] == "partial"
    assert sorted(left["vm"] for left in ended["result"]["left"]) == ["vm1", "vm2"]
    assert all(left["remedy"] for left in ended["result"]["left"])
    assert real.domains("hv1") == {"vm1", "vm2"}
    real.assert_unnoticed(["vm1", "vm2"])
