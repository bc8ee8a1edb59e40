"""Volumes and snapshots, for real: what a guest sees, what librbd reads, what a killed worker leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from lab_tool import CEPH, eventually
from real_cluster import NODES, RealCluster, in_a_lab

from pvc_lab import guest, libvirtd, rounds
from pvc_lab.ceph import founding

pytestmark = CEPH
MIB = 1 << 20
OBJECT = 4 * MIB
IN_USE, REFUSED = "VM vm1, a client on hv2", 5


class StoringCluster(RealCluster):
    def up(self) -> None:
        self.do("up", "--ceph", "--connection", "lab")
        self.http.headers["Authorization"] = f"Bearer {self.layout.admin_token.read_text().strip()}"

    def ceph(self, *words: str) -> str:
        """A command that succeeds."""
        done = self.pvc("storage", "ceph", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        done = self.pvc("storage", "ceph", *words)
        assert done.returncode == REFUSED, done.stdout + done.stderr
        return done.stderr

    def names(self) -> list[str]:
        listed = json.loads(self.ceph("volume", "list", "--pool", "vms", "--format", "json"))
        return [one["name"] for one in listed]

    def info(self, volume: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ceph("volume", "info", "vms", volume, "--format", "json"))
        return found

    def snapshots(self, volume: str) -> list[str]:
        listed = json.loads(self.ceph("snapshot", "list", "vms", volume, "--format", "json"))
        return [one["name"] for one in listed]

    @contextmanager
    def pool(self) -> Iterator[Any]:
        """As Ceph's administrator would see it: the product is not its own witness."""
        with founding.admin(self.layout) as cluster, cluster.open_ioctx("vms") as ioctx:
            yield ioctx

    def make(self, volume: str, size: int, mark: bytes = b"") -> None:
        """Outside of PVC, with `mark` at the beginning of each of its objects."""
        import rbd

        with self.pool() as ioctx:
            rbd.RBD().create(ioctx, volume, size)
        self.write(volume, mark)

    def write(self, volume: str, mark: bytes, start: int = 0) -> None:
        import rbd

        with self.pool() as ioctx, rbd.Image(ioctx, volume) as image:
            for offset in range(start, image.size() if mark else 0, OBJECT):
                image.aio_write(mark, offset, lambda done: None)
            image.flush()

    def marks(self, volume: str, length: int, start: int = 0) -> set[bytes]:
        import rbd

        with self.pool() as ioctx, rbd.Image(ioctx, volume, read_only=True) as image:
            return {image.read(offset, length) for offset in range(start, image.size(), OBJECT)}

    def run_guest(self, name: str, node: str) -> None:
        self.ceph("volume", "add", "vms", name, "16M", "--wait")
        self.start_guest(name, node)

    def start_guest(self, name: str, node: str) -> str:
        """With the volume of its name; the task of its start."""
        disk = f"vms/{name}"
        self.submit("/vm", xml=guest.domain_xml(self.layout, name, 128, disk=disk), node=node)
        job = self.submit(f"/vm/{name}/start")
        self.succeeds(job)
        eventually(f"{name} writes", lambda: self.last_round(name) > 0, 90)
        return job

    def last_round(self, name: str) -> int:
        return int(rounds.read_rounds(self.layout, name).last)

    def workers(self) -> list[int]:
        """Their processes, whichever of them is at work."""
        return [int(self.part(f"{node}/worker")["pid"]) for node in NODES]

    def capacity(self, node: str, name: str) -> int:
        uri = libvirtd.uri(self.layout.node(node))
        said = subprocess.check_output(["virsh", "-c", uri, "domblkinfo", name, "vda"], text=True, timeout=20)
        return next(int(line.split()[1]) for line in said.splitlines() if line.startswith("Capacity"))


@pytest.fixture(scope="module")
def real() -> Iterator[StoringCluster]:
    with in_a_lab(StoringCluster) as found:
        yield found


def test_a_running_guest_sees_its_disk_grow(real: StoringCluster) -> None:
    real.run_guest("vm1", "hv2")
    assert real.capacity("hv2", "vm1") == 16 * MIB
    real.ceph("volume", "resize", "vms", "vm1", "48M", "--wait")
    assert real.capacity("hv2", "vm1") == 48 * MIB == real.info("vm1")["size"]
    before = real.last_round("vm1")
    eventually("it writes on", lambda: real.last_round("vm1") > before + 2, 60)
    assert real("rounds", "vm1").returncode == 0, real("rounds", "vm1").stdout


def test_what_a_guest_runs_with_is_left_alone(real: StoringCluster) -> None:
    vm1 = ("vms", "vm1")
    real.ceph("snapshot", "add", *vm1, "live", "--wait")
    for words in (
        ("volume", "remove", *vm1, "--yes"),
        ("volume", "rename", *vm1, "other"),
        ("volume", "resize", *vm1, "16M", "--force", "--yes"),
    ):
        assert IN_USE in real.refused(*words)
    said = real.refused("snapshot", "rollback", *vm1, "live", "--yes")
    assert "VM vm1, which runs, a client on hv2" in said


def test_back_to_a_snapshot_once_the_guest_is_stopped(real: StoringCluster) -> None:
    real.succeeds(real.submit("/vm/vm1/stop"))
    eventually("it is seen to be stopped", lambda: real.vm("vm1")["seen_on"] == [])
    eventually("its client is gone", lambda: real.info("vm1")["watchers"] == [], 60)
    real.write("vm1", b"spoilt!!")
    assert real.marks("vm1", 8) == {b"spoilt!!"}
    real.ceph("snapshot", "rollback", "vms", "vm1", "live", "--yes", "--wait")
    assert b"spoilt!!" not in real.marks("vm1", 8) and real.info("vm1")["size"] == 48 * MIB
    assert "VM vm1" in real.refused("volume", "rename", "vms", "vm1", "other")


def test_a_clone_shares_and_is_flattened(real: StoringCluster) -> None:
    real.make("base", 64 * MIB, b"original")
    real.ceph("volume", "clone", "vms", "base", "copy", "--wait")
    real.write("base", b"changed!")
    assert real.marks("copy", 8) == {b"original"} and real.marks("base", 8) == {b"changed!"}
    (snapshot,) = real.snapshots("base")
    assert real.info("copy")["parent"] == f"vms/base@{snapshot}"
    assert "vms/copy share its data" in real.refused("snapshot", "remove", "vms", "base", snapshot, "--yes")
    real.ceph("volume", "flatten", "vms", "copy", "--wait")
    assert (real.info("copy")["parent"], real.snapshots("base")) == ("", [])
    assert real.marks("copy", 8) == {b"original"}
    for name in ("base", "copy"):
        real.ceph("volume", "remove", "vms", name, "--yes", "--wait")


def test_a_flatten_is_cancelled_and_outlives_its_worker(real: StoringCluster) -> None:
    real.make("large", 1600 * MIB, b"original" * (MIB // 8))
    job = real.submit("/storage/ceph/volume/vms/large/clone", new="copy", flatten=True)
    eventually(
        "it tells how far it is", lambda: (real.get(f"/task/{job}")["progress"] or {}).get("bytes_total")
    )
    real.ask("POST", f"/task/{job}/cancel", json={})
    assert real.ended(job)["state"] == "cancelled"
    assert real.info("copy")["parent"] and real.marks("copy", 8) == {b"original"}

    workers = real.workers()
    job = real.submit("/storage/ceph/volume/vms/copy/flatten")
    eventually(
        "it is at work", lambda: (real.get(f"/task/{job}")["progress"] or {}).get("bytes_done", 0) > 20
    )
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert real.marks("copy", 8) == {b"original"} and not real.get(f"/task/{job}")["finished"]
    real.succeeds(job, 120)
    assert (real.info("copy")["parent"], real.snapshots("large")) == ("", [])
    assert real.marks("copy", 8) == {b"original"}


def test_shrinking_outlives_its_worker_too(real: StoringCluster) -> None:
    workers = real.workers()
    job = real.submit("/storage/ceph/volume/vms/copy/resize", size="64M", force=True)
    eventually("it has the lock", lambda: real.get(f"/task/{job}")["stage"] or real.ended(job))
    second = real.submit("/storage/ceph/volume/vms/copy/resize", size="1601M")
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    real.succeeds(job, 120)
    real.succeeds(second)
    assert real.info("copy")["size"] == 1601 * MIB
    for name in ("large", "copy"):
        real.ceph("volume", "remove", "vms", name, "--yes", "--wait")


def test_a_guest_is_started_while_its_disk_is_flattened(real: StoringCluster) -> None:
    """On another node than the one at work: the task's client is known, and no copy of the guest."""
    beyond = 64 * MIB
    real.make("large", 1600 * MIB)
    real.write("large", b"original" * (MIB // 8), beyond)
    real.ceph("volume", "clone", "vms", "large", "vm2", "--wait")
    flattening = real.submit("/storage/ceph/volume/vms/vm2/flatten")
    eventually(
        "it is at work", lambda: (real.get(f"/task/{flattening}")["progress"] or {}).get("bytes_done", 0) > 20
    )
    (client,) = real.info("vm2")["watchers"]
    starting = real.start_guest("vm2", next(name for name in NODES if name != client["node"]))
    real.succeeds(flattening, 300)
    began = real.get(f"/task/{starting}")["finished"]
    assert began < real.get(f"/task/{flattening}")["finished"], "the start has waited for the flatten"
    eventually("it writes on", lambda: real.last_round("vm2") > 5, 60)
    assert real("rounds", "vm2").returncode == 0, real("rounds", "vm2").stdout
    assert real.info("vm2")["parent"] == "" and real.marks("vm2", 8, beyond) == {b"original"}
    real.succeeds(real.submit("/vm/vm2/stop"))
    assert real.ask("DELETE", "/vm/vm2").status_code == 200
    eventually("its client is gone", lambda: real.info("vm2")["watchers"] == [], 60)
    for name in ("vm2", "large"):
        real.ceph("volume", "remove", "vms", name, "--yes", "--wait")


def test_what_was_made_outside_is_seen_and_adopted(real: StoringCluster) -> None:
    real.do("exec", "hv1", "--", "rbd", "--id", "hv1", "create", "vms/by-hand", "--size", "8M")
    real.make("old disk/1", 8 * MIB, b"original")
    assert {"by-hand", "old disk/1"} <= set(real.names())
    real.ceph("volume", "resize", "vms", "by-hand", "12M", "--wait")
    real.ceph("volume", "adopt", "vms", "old-disk", "old disk/1", "--wait")
    assert real.marks("old-disk", 8) == {b"original"}
    for name in ("by-hand", "old-disk"):
        real.ceph("volume", "remove", "vms", name, "--yes", "--wait")
    assert real.names() == ["vm1"]


def test_a_pool_promises_no_more_than_it_holds(real: StoringCluster) -> None:
    said = real.refused("volume", "add", "vms", "huge", "1T")
    assert "pool vms cannot promise 1 TiB more" in said and "storage.overcommit" in said
    assert "cannot promise" in real.refused("volume", "resize", "vms", "vm1", "1T")
    for name in ("a/b", "a@b", "a b"):
        done = real.pvc("storage", "ceph", "volume", "add", "vms", name, "1G")
        assert done.returncode == 2, done.stderr
    assert real.names() == ["vm1"]


def test_a_vm_goes_with_its_volume(real: StoringCluster) -> None:
    real.ceph("volume", "add", "vms", "gone", "16M", "--wait")
    real.submit("/vm", xml=guest.domain_xml(real.layout, "gone", disk="vms/gone"), node="hv1")
    real.succeeds(real.submit("/vm/gone/start"))
    eventually("it ticks", lambda: real.last_tick("gone"), 60)
    assert real.pvc("vm", "remove", "gone", "--yes").returncode == REFUSED
    real.succeeds(real.submit("/vm/gone/stop"))
    eventually("it is seen to be stopped", lambda: real.vm("gone")["seen_on"] == [])
    eventually("its client is gone", lambda: real.info("gone")["watchers"] == [], 60)
    assert "vms/gone" in real.pvc("vm", "remove", "gone", "--dry-run").stdout
    done = real.pvc("vm", "remove", "gone", "--yes", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert real.names() == ["vm1"] and real.pvc("vm", "info", "gone").returncode == 4
