"""libvirtd that dies or stands still, and clusters in which there is no room."""

from __future__ import annotations

import time

from fault_checks import FOUR, copying, is_copied
from lab_tool import eventually
from real_cluster import RealCluster

STILL_S = 65.0


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


def test_libvirtd_stands_still_for_a_minute_and_only_its_jobs_wait(real: RealCluster) -> None:
    """Heartbeats, cancels and the jobs of other nodes go on; what waits says so, and then goes on or ends."""
    real.boot(["vm1", "busy1"], busy=30)
    real.define("vm2", "hv2")
    with real.slow_network(mbit=100):
        copied = real.submit("/vm/busy1/migrate", target="hv2")
        eventually("it is copied", lambda: is_copied(real, copied))
        real.do("stop", "hv1/libvirtd")
        still = time.monotonic() + STILL_S
        job, other = real.submit("/vm/vm1/migrate", target="hv3"), real.submit("/vm/vm2/start")
        real.succeeds(other, within=30)
        for one in (copied, job):
            assert real.pvc("task", "cancel", one).returncode == 0
        assert real.ended(job, within=30)["state"] == "cancelled", "nothing of it was begun"
        eventually(
            "it says what it waits for", lambda: "libvirt" in str(real.get(f"/task/{copied}")["waiting"])
        )
        again = real.submit("/vm/vm1/migrate", target="hv3")
        while time.monotonic() < still:
            assert real.node("hv1")["alive"] and real.node("hv1")["worker"]
            time.sleep(1)
        assert not real.node("hv1")["hypervisor_ok"]
        real.do("cont", "hv1/libvirtd")
        ended = real.ended(copied)
    assert ended["state"] == "cancelled" and "runs on hv1" in ended["text"], ended["text"]
    real.succeeds(again)
    assert (real.domains("hv1"), real.domains("hv2"), real.domains("hv3")) == ({"busy1"}, {"vm2"}, {"vm1"})
    real.assert_unnoticed(["vm1", "busy1"])


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
    """The plan was to use both others; hv3 is filled while the first VM is on its way."""
    real.boot(["large1", "large2"], memory=1024)
    room = int(real.node("hv3")["memory_free_mib"])
    real.define("filler", "hv3", memory=room - 64)
    plan = real.ask("POST", "/node/hv1/flush", json={"dry_run": True}).json()
    assert {step["target"] for step in plan["steps"]} == {"hv2", "hv3"}
    with real.slow_network(mbit=50):
        flush = real.submit("/node/hv1/flush", parallel=1)
        eventually("one is copied", lambda: bool(copying(real, flush)))
        real.ended(filler := real.submit("/vm/filler/start"))
    real.succeeds(flush)
    found = real.get(f"/task/{filler}")
    assert real.node("hv3")["memory_free_mib"] >= 0
    if found["state"] == "succeeded":
        assert real.domains("hv3") == {"filler"} and real.domains("hv2") == {"large1", "large2"}
    else:
        assert found["error"]["code"] == "NO_PLACEMENT", found
    assert real.domains("hv1") == set()
    real.assert_unnoticed(["large1", "large2"])


def test_with_no_memory_anywhere_nothing_moves_and_everything_is_named(real: RealCluster) -> None:
    real.boot(["vm1", "vm2"])
    for name in ("hv2", "hv3"):
        room = int(real.node(name)["memory_free_mib"])
        real.define(f"fills-{name}", name, memory=room - 64)
        real.succeeds(real.submit(f"/vm/fills-{name}/start"))
    ended = real.ended(real.submit("/node/hv1/flush"))
    assert ended["state"] == "partial"
    assert sorted(left["vm"] for left in ended["result"]["left"]) == ["vm1", "vm2"]
    assert {left["code"] for left in ended["result"]["left"]} == {"NOT_ENOUGH_MEMORY"}, ended["result"]
    assert all(left["remedy"] for left in ended["result"]["left"])
    assert real.node("hv1")["state"] == "partial"
    assert real.domains("hv1") == {"vm1", "vm2"}
    real.assert_unnoticed(["vm1", "vm2"])


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
