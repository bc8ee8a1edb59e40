"""Ceph breaks while the product and its guests use it: nothing is lost, nothing hangs without a word.

What is told of a guest's disk is told by the guest itself (`pvc-lab rounds`): every round it was promised
must be there when it boots again, wherever that is.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from lab_tool import CEPH, PROGRAMS, eventually
from real_cluster import NODES, in_a_lab
from storing_cluster import StoringCluster

from pvc_core.decide.cutting_off import hosts_of
from pvc_core.errors import StorageUnavailable
from pvc_core.model.node import NodeSpec
from pvc_core.model.snapshot import Node
from pvc_drivers.blocks.port import Blocks
from pvc_lab.ceph import place
from pvc_tasks.cutting_off import cut_off, let_back

pytestmark = CEPH

READERS = 100
OSDS = [f"{node}/osd{number}" for number, node in enumerate(NODES)]
# Opens an image, writes to it, tells its pid, and keeps it open until it is killed.
HOLDER = """
import os, sys, rados, rbd
user, image = sys.argv[1:]
cluster = rados.Rados(conffile="/etc/ceph/ceph.conf", rados_id=user)
cluster.connect(timeout=20)
held = rbd.Image(cluster.open_ioctx("vms"), image)
held.write(b"mine", 0)
held.flush()
print(os.getpid(), flush=True)
sys.stdin.read()
"""


class FaultyCluster(StoringCluster):
    def settled(self) -> bool:
        """All daemons are there and all data whole; warnings may linger."""
        found = self.blocks.status()
        whole = all(state.startswith("active+clean") for state in found.placement_groups)
        return whole and found.osds_up == len(OSDS) and len(found.quorum) == len(NODES)

    def osds(self, what: str) -> None:
        for osd in OSDS:
            self.do(what, osd)

    def volumes(self) -> set[str]:
        return {volume["name"] for volume in self.get("/storage/ceph/volume")}

    def remove(self, volume: str) -> str:
        answer = self.ask("DELETE", f"/storage/ceph/volume/vms/{volume}")
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def add(self, volume: str, size: str = "16M") -> str:
        return self.submit(f"/storage/ceph/volume/vms/{volume}", size=size)

    def watched_from(self, volume: str) -> set[str]:
        return {one["node"] for one in self.get(f"/storage/ceph/volume/vms/{volume}")["watchers"]}

    def says(self, job: str) -> str:
        found = self.get(f"/task/{job}")
        return f"{found['state']}: {found['text']}"

    def cut(self, node: str, guest: str) -> bool:
        """As fencing will: all addresses, every disk of the guest; again while Ceph elects a leader."""
        try:
            return cut_off(self.blocks, hosts_of(self.record(node)), [f"vms/{guest}"]).done
        except StorageUnavailable:
            return False

    def let_back(self, node: str) -> bool:
        """Again while Ceph elects a leader, as a monitor returns."""
        try:
            let_back(self.blocks, hosts_of(self.record(node)))
        except StorageUnavailable:
            return False
        return True

    def record(self, node: str) -> Node:
        found = self.node(node)
        return Node(NodeSpec(name=node, address=found["address"], cluster_address=found["cluster_address"]))

    @property
    def blocks(self) -> Blocks:
        return self._blocks

    @contextmanager
    def connected(self) -> Iterator[None]:
        """This process is a client of Ceph, too."""
        from pvc_drivers.blocks.ceph import CephBlocks
        from pvc_drivers.blocks.ceph_cluster import Access

        keyring = place.keyring(self.layout.ceph_home, place.API_USER)
        self._blocks = CephBlocks(Access(place.conf_file(self.layout), place.API_USER, keyring, 5))
        yield
        self._blocks.close()

    def boot_by_hand(self, node: str, guest: str) -> None:
        """On another node than its record says, as after a fence; the agent there adopts it."""
        xml = self.ask("GET", f"/vm/{guest}/xml").text
        self.do("exec", node, "--", "virsh", "-q", "create", "/dev/stdin", stdin=xml)

    @contextmanager
    def held(self, node: str, volume: str) -> Iterator[str]:  # type: ignore[override]
        """A process that no hypervisor knows has it open there; its pid, as the node counts."""
        words = [PROGRAMS / "pvc-lab", "--dir", self.root, "exec", node, "--", sys.executable, "-c", HOLDER]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen([*words, node, volume], env=self.environment, **pipes) as holder:
            assert holder.stdout is not None and holder.stdin is not None
            pid = holder.stdout.readline().strip()
            try:
                yield pid
            finally:
                self("exec", node, "--", "kill", "-9", pid)
                holder.stdin.close()

    def reset(self) -> None:
        """Nobody is kept out any more."""
        self.blocks.unblock_clients(self.blocks.blocked_clients())
        super().reset()

    def tidy(self) -> None:
        eventually("nobody has anything open", lambda: not any(map(self.watched_from, self.volumes())), 60)
        for volume in self.volumes():
            self.succeeds(self.remove(volume))


@pytest.fixture(scope="module")
def cluster() -> Iterator[FaultyCluster]:
    with in_a_lab(FaultyCluster) as found, found.connected():
        yield found


@pytest.fixture
def real(cluster: FaultyCluster) -> FaultyCluster:
    cluster.reset()
    eventually("Ceph has settled", cluster.settled, 90)
    cluster.tidy()
    return cluster


def test_an_osd_is_killed_while_a_guest_writes(real: FaultyCluster) -> None:
    real.boot(["vm1"])
    real.do("kill", "hv2/osd1")
    real.writes(["vm1"])
    assert real.succeeds(real.add("spare"))["result"]["volume"] == "spare"
    real.do("start", "hv2/osd1")
    real.writes(["vm1"])


def test_the_leading_monitor_is_killed(real: FaultyCluster) -> None:
    real.boot(["vm1"])
    leader = real.ceph("quorum_status")["quorum_leader_name"]
    real.do("kill", f"{leader}/mon")
    real.succeeds(real.add("spare"))
    assert real.volumes() == {"vm1", "spare"}
    real.succeeds(real.remove("spare"))
    eventually("the others elect", lambda: leader not in real.get("/storage/ceph/status")["quorum"])
    real.succeeds(real.add("another"))
    real.writes(["vm1"])
    real.do("start", f"{leader}/mon")


def test_all_osds_hang_and_come_back(real: FaultyCluster) -> None:
    real.boot(["vm1"])
    for name in ("spare", "other"):
        real.succeeds(real.add(name))
    since = {node: real.node(node)["report_at"] for node in NODES}
    real.osds("stop")
    waiting, given_up = real.remove("spare"), real.remove("other")
    for job in (waiting, given_up):
        eventually("it says so", lambda j=job: "has not answered" in real.says(j))  # type: ignore[misc]
    assert real.says(waiting).startswith("waiting")
    real.ask("POST", f"/task/{given_up}/cancel", json={})
    assert real.ended(given_up)["state"] == "cancelled"
    began = time.monotonic()
    refused = real.ask("GET", "/storage/ceph/volume")
    assert (refused.status_code, time.monotonic() - began < 15) == (503, True)
    assert node_list_s(real) < 2, "nothing else is slowed down"
    nodes = [real.node(node) for node in NODES]
    assert all(node["alive"] and node["worker"] for node in nodes)
    assert all(node["report_at"] > since[node["name"]] for node in nodes), "they go on reporting"
    real.osds("cont")
    real.succeeds(waiting)
    real.writes(["vm1"])
    assert real.volumes() == {"vm1", "other"}


def test_a_crowd_that_reads_a_silent_storage_slows_nobody_else(real: FaultyCluster) -> None:
    """More at once than the API has threads; the monitors, asked for the status, go on answering."""
    assert real.volumes() == set()
    real.osds("stop")
    try:
        with ThreadPoolExecutor(READERS) as crowd:
            for _ in range(3):
                reads = [crowd.submit(real.ask, "GET", "/storage/ceph/volume") for _ in range(READERS)]
                time.sleep(1)
                assert node_list_s(real) < 3
                assert real.ask("GET", "/storage/ceph/status").status_code == 200
                assert {read.result().status_code for read in reads} == {503}
    finally:
        real.osds("cont")
    eventually("it is read again", lambda: real.ask("GET", "/storage/ceph/volume").status_code == 200, 60)


def node_list_s(real: FaultyCluster) -> float:
    began = time.monotonic()
    done = real.pvc("node", "list")
    assert done.returncode == 0 and done.stdout.count("ready") == len(NODES), done.stdout + done.stderr
    return time.monotonic() - began


def test_a_worker_dies_in_mid_remove(real: FaultyCluster) -> None:
    """Without a map of its objects, Ceph looks for each of them: that takes its time."""
    make_slow(real, "slow")
    job = real.remove("slow")
    eventually("it has begun", lambda: real.get(f"/task/{job}")["progress"]["bytes_done"])
    first = real.get(f"/task/{job}")["notes"]["worked_by"]
    worker = first.split()[0]
    real.do("kill", f"{worker}/worker")
    assert not real.get(f"/task/{job}")["finished"], "it was done too soon"
    assert real.succeeds(job)["notes"]["worked_by"] != first
    assert real.volumes() == set()
    real.do("start", f"{worker}/worker")


def make_slow(real: FaultyCluster, name: str) -> None:
    from pvc_lab.ceph.founding import admin

    with admin(real.layout) as ceph, ceph.open_ioctx("vms") as pool:
        import rbd

        rbd.RBD().create(pool, name, 120 << 30, old_format=False, features=rbd.RBD_FEATURE_LAYERING)


def test_a_pool_is_full(real: FaultyCluster) -> None:
    real.boot(["vm1"])
    real.succeeds(real.add("spare"))
    real.ceph("osd pool set-quota", pool="vms", field="max_bytes", val="1000")
    try:
        eventually("Ceph says so", lambda: "POOL_FULL" in real.pvc("storage", "ceph", "status").stdout)
        refused = real.pvc("storage", "ceph", "volume", "add", "vms", "more", "16M")
        assert refused.returncode == 5 and "quota" in refused.stderr, refused
        real.succeeds(real.remove("spare"))
    finally:
        real.ceph("osd pool set-quota", pool="vms", field="max_bytes", val="0")
    real.writes(["vm1"])


def test_what_a_node_without_power_had_open_is_taken_over(real: FaultyCluster) -> None:
    real.boot(["vm1"], node="hv2")
    real.writes(["vm1"])
    assert real.watched_from("vm1") == {"hv2"}
    real.do("power", "off", "hv2")
    last = real.last_round("vm1")
    eventually("it is cut off", lambda: real.cut("hv2", "vm1"), 30)
    assert real.watched_from("vm1") == set()
    assert not real.get("/storage/ceph/volume/vms/vm1")["lockers"]
    real.boot_by_hand("hv3", "vm1")
    eventually("it writes on", lambda: real.last_round("vm1") > last + 2, 60)
    real.writes(["vm1"])
    assert real.watched_from("vm1") == {"hv3"}
    real.do("power", "on", "hv2")
    assert "blocklist" in refused_on(real, "hv2") or "108" in refused_on(real, "hv2")
    eventually("hv2 may come back", lambda: real.let_back("hv2"), 30)
    eventually("hv2 is let in", lambda: not refused_on(real, "hv2"))
    assert all("/" in client for client in real.blocks.blocked_clients())
    real.writes(["vm1"])


def refused_on(real: FaultyCluster, node: str) -> str:
    """What a client of that node is told; nothing if it is let in."""
    done = real("exec", node, "--", "timeout", "20", "rbd", "--id", node, "ls", "vms")
    return done.stderr if done.returncode else ""


def test_a_node_that_was_only_silent_writes_nothing_when_it_is_heard_again(real: FaultyCluster) -> None:
    """Its guest never stopped: this is what blocking it is for."""
    real.boot(["vm1"], node="hv2")
    real.writes(["vm1"])
    real.do("net", "cut", "hv2")
    last = real.last_round("vm1")
    eventually("it is cut off", lambda: real.cut("hv2", "vm1"), 30)
    real.boot_by_hand("hv3", "vm1")
    eventually("it writes on", lambda: real.last_round("vm1") > last + 2, 60)
    real.do("net", "heal", "hv2")
    eventually("hv2 may come back", lambda: real.let_back("hv2"), 30)
    eventually("hv2 is back", lambda: real.node("hv2")["alive"], 60)
    assert "vm1" in real.domains("hv2"), "the old guest is still there"
    real.writes(["vm1"])
    time.sleep(5)
    real.writes(["vm1"])
    assert real.watched_from("vm1") == {"hv3"}
    real.do("exec", "hv2", "--", "virsh", "-q", "destroy", "vm1")


def test_a_flush_waits_until_nothing_is_open_from_there(real: FaultyCluster) -> None:
    real.boot(["vm1"])
    real.define("vm2", node="hv2")
    with real.held("hv1", "vm2"):
        job = real.submit("/node/hv1/flush")
        eventually("it waits", lambda: "disks of vm2 to be closed on hv1" in real.says(job), 60)
        assert real.node("hv1")["state"] == "flushing" and real.domains("hv1") == set()
    text = real.succeeds(job)["text"]
    assert "libvirt, the storage and the records show none left" in text
    assert real.watched_from("vm1") <= {"hv2", "hv3"} and real.watched_from("vm2") == set()


def test_a_start_waits_until_nothing_is_open_elsewhere(real: FaultyCluster) -> None:
    real.define("vm1")
    with real.held("hv2", "vm1"):
        job = real.submit("/vm/vm1/start")
        eventually("it waits", lambda: "waits for them to be closed" in real.says(job), 60)
        assert " on hv2)" in real.says(job) and real.domains("hv1") == set()
    real.succeeds(job)
    real.writes(["vm1"])


def test_a_coordinator_that_does_not_reach_ceph_leaves_tasks_to_the_others(real: FaultyCluster) -> None:
    """Its client is kept out, as by Ceph's own blocklist."""
    real.blocks.block_clients(hosts_of(real.record("hv1")))
    eventually("hv1 is kept out", lambda: refused_on(real, "hv1"))
    began = time.monotonic()
    for number in range(6):
        real.succeeds(real.add(f"one{number}"))
    took = time.monotonic() - began
    print(f"6 volumes in {took:.1f} s")
    assert took < 6 * 8


def test_locks_that_were_left_are_flushed_and_nobody_elses(real: FaultyCluster) -> None:
    real.define("vm1")
    with real.held("hv3", "vm1"):
        refused = real.pvc("vm", "flush-locks", "vm1", "--yes", "--wait")
        assert (refused.returncode, "vms/vm1 is open by a client on hv3" in refused.stderr) == (5, True)
    eventually("nobody has it open", lambda: not real.watched_from("vm1"))
    assert [one["node"] for one in real.get("/storage/ceph/volume/vms/vm1")["lockers"]] == ["hv3"]
    done = real.pvc("vm", "flush-locks", "vm1", "--yes", "--wait")
    assert done.returncode == 0 and "1 lock of vm1 broken" in done.stdout, done.stdout + done.stderr
    assert not real.get("/storage/ceph/volume/vms/vm1")["lockers"]
