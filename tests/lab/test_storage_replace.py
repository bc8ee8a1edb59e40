"""A disk dies and another takes its OSD's place, for real: while a guest writes, and though a worker dies."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from lab_tool import CEPH, eventually
from real_cluster import in_a_lab
from storing_cluster import StoringCluster

from pvc_lab.ceph import place

pytestmark = CEPH
DISKS = 3


@pytest.fixture(scope="module")
def real() -> Iterator[StoringCluster]:
    """One for all tests of this module, in their order."""
    with in_a_lab(StoringCluster) as found:
        yield found


@pytest.fixture(scope="module")
def disks(real: StoringCluster) -> Iterator[list[str]]:
    """Of 4 GiB; the last has something on it."""
    files = [real.root / f"disk{number}.img" for number in range(DISKS)]
    for file in files:
        subprocess.run(["truncate", "-s", "4G", file], check=True, timeout=20)
    subprocess.run(["mkswap", files[-1]], check=True, timeout=20, capture_output=True)
    found = [attach(str(file)) for file in files]
    yield found
    for daemon in real.processes_of_osd(2):
        real.do("exec", "hv3", "--", "pkill", "-x", "-f", daemon)
    eventually("their daemon has ended", lambda: not real.processes_of_osd(2))
    for disk in found:
        subprocess.run(["losetup", "-d", disk], check=True, timeout=20)


def attach(file: str) -> str:
    return subprocess.check_output(["losetup", "-f", "--show", file], text=True, timeout=20).strip()


def places(real: StoringCluster) -> dict[str, tuple[float, list[int]]]:
    """By Ceph's word: each host's OSDs, and what its weight is."""
    nodes = real.ceph("osd tree")["nodes"]
    weights = {one["id"]: round(one.get("crush_weight", 0), 3) for one in nodes}
    hosts = [one for one in nodes if one["type"] == "host"]
    return {one["name"]: (sum(weights[o] for o in one["children"]), one["children"]) for one in hosts}


def test_a_lost_disk_is_replaced_while_a_guest_writes(real: StoringCluster, disks: list[str]) -> None:
    """There is no fourth host: its copies are made anew on the new disk, and nowhere else before."""
    real.boot(["vm1"], node="hv1")
    eventually("Ceph is clean", real.clean, 90)
    before = places(real)
    real.do("kill", "hv3/osd2")
    shutil.rmtree(place.data(real.layout.node("hv3"), "osd2"))
    eventually("Ceph has noticed", lambda: real.osd(2)["up"] == 0)
    words = ["storage", "ceph", "osd", "replace", "2", disks[0], "--yes", "--wait"]
    refused = real.pvc(*words)
    assert refused.returncode == 5 and "if its disk is lost" in refused.stderr

    done = real.pvc(*words, "--force", "osd.2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"osd.2 is up and in: {disks[0]} on hv3" in done.stdout
    assert (real.osd(2)["up"], real.osd(2)["in"]) == (1, 1) and places(real) == before
    real.writes(["vm1"])
    eventually("Ceph is clean", real.clean, 120)
    real.writes(["vm1"])


def test_a_disk_that_works_is_replaced_though_the_worker_dies(real: StoringCluster, disks: list[str]) -> None:
    """The daemon is told to end by Ceph, and its directory is in the way of the next."""
    before = places(real)
    words = ["storage", "ceph", "osd", "replace", "2", disks[2], "--yes", "--wait", "--force", "2"]
    refused = real.pvc(*words)
    assert refused.returncode == 8 and "is not empty: a swap signature" in refused.stdout
    own = real.pvc("storage", "ceph", "osd", "replace", "2", disks[0], "--yes", "--wait", "--force", "2")
    assert own.returncode == 8 and "is osd.2" in own.stdout

    job = real.submit("/storage/ceph/osd/2/replace", device=disks[2], wipe=disks[2], force="osd.2")
    eventually("it is being made", lambda: real.get(f"/task/{job}")["stage"] == "making")
    eventually("Ceph keeps its place", lambda: "destroyed" in real.osd(2)["state"])
    real.do("kill", "hv3/worker")
    real.do("start", "hv3/worker")
    assert real.succeeds(job, 240)["result"]["device"] == disks[2]
    assert len(real.processes_of_osd(2)) == 1 and places(real) == before
    eventually("Ceph is clean", real.clean, 120)
    real.writes(["vm1"])
    old = real.pvc("storage", "ceph", "osd", "add", "hv3", disks[0], "--yes", "--wait")
    assert old.returncode == 8 and "is not empty" in old.stdout


@pytest.fixture
def bad(real: StoringCluster) -> Iterator[str]:
    """A disk that takes 64 KiB and fails after that."""
    home = real.root.with_name("small")
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", home]
    subprocess.run(mount, check=True, timeout=20)
    subprocess.run(["truncate", "-s", "4G", home / "bad.img"], check=True, timeout=20)
    found = attach(str(home / "bad.img"))
    yield found
    subprocess.run(["losetup", "-d", found], check=True, timeout=20)
    subprocess.run(["umount", home], check=True, timeout=20)


def test_where_the_new_disk_fails_too_its_place_is_kept(
    real: StoringCluster, disks: list[str], bad: str
) -> None:
    """ceph-volume purges the OSD then."""
    before = places(real)
    words = ["storage", "ceph", "osd", "replace", "2", "--yes", "--wait"]
    failed = real.pvc(*words, bad, "--force", "2")
    assert failed.returncode == 8 and "its place are kept" in failed.stderr, failed.stdout + failed.stderr
    assert "destroyed" in real.osd(2)["state"] and places(real) == before

    done = real.pvc(*words, disks[0], "--wipe", disks[0])
    assert done.returncode == 0 and "its number and its place were kept" in done.stdout, done.stderr
    assert places(real) == before
    eventually("Ceph is clean", real.clean, 120)
    real.writes(["vm1"])


def test_where_there_is_room_its_data_leave_first(real: StoringCluster, disks: list[str]) -> None:
    """Two copies on three hosts: nothing is given up, at no time is there a copy less."""
    for pool in real.ceph("osd pool ls"):
        real.ceph("osd pool set", pool=pool, var="size", val="2")
    eventually("Ceph is clean", real.clean, 90)
    job = real.submit("/storage/ceph/osd/2/replace", device=disks[1])
    found = real.succeeds(job, 240)
    assert found["result"]["device"] == disks[1] and "taking the data of osd.2 elsewhere" in str(found["log"])
    assert len(real.processes_of_osd(2)) == 1
    eventually("Ceph is clean", real.clean, 120)
    real.writes(["vm1"])
