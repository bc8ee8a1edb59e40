"""Pools, flags and OSDs, for real: made, changed, emptied and removed while a guest writes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from lab_tool import CEPH, eventually
from real_cluster import in_a_lab
from storing_cluster import StoringCluster

from pvc_lab.ceph.place import door

pytestmark = CEPH


@pytest.fixture(scope="module")
def real() -> Iterator[StoringCluster]:
    """One for all tests of this module, in their order; in the end it has an OSD less."""
    with in_a_lab(StoringCluster) as found:
        yield found


def ceph(real: StoringCluster, *words: str) -> str:
    done = real.pvc("storage", "ceph", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_pool_is_made_used_changed_and_removed(real: StoringCluster) -> None:
    tier = real.ceph("osd crush class ls")[0]
    ceph(real, "pool", "add", "more", "8", "--replcfg", "copies=2,mincopies=1", "--tier", tier, "--wait")
    made = next(pool for pool in real.ceph("osd pool ls", detail="detail") if pool["pool_name"] == "more")
    assert (made["size"], made["min_size"], made["pg_num"]) == (2, 1, 8)
    rules = {rule["rule_id"]: rule for rule in real.ceph("osd crush rule dump")}
    assert rules[made["crush_rule"]]["steps"][0]["item_name"] == f"default~{tier}"

    ceph(real, "pool", "set-pgs", "more", "16", "--wait")
    assert real.ceph("osd pool get", pool="more", var="pg_num")["pg_num"] == 16
    ceph(real, "volume", "add", "more", "disk", "16M", "--wait")
    refused = real.pvc("storage", "ceph", "pool", "remove", "more", "--yes", "--wait")
    assert refused.returncode == 5 and "pool more has 1 volume: disk" in refused.stderr
    ceph(real, "pool", "remove", "more", "--force", "more", "--yes", "--wait")
    assert "more" not in real.ceph("osd pool ls")


def test_where_ceph_allows_no_removal_the_error_says_what_to_do(real: StoringCluster) -> None:
    ceph(real, "pool", "add", "kept", "8", "--wait")
    allow_removal(real, "false")
    refused = real.pvc("storage", "ceph", "pool", "remove", "kept", "--yes", "--wait")
    shown = refused.stdout + refused.stderr
    assert refused.returncode == 8, shown
    assert "mon_allow_pool_delete is false" in shown and "ceph config set mon" in shown
    allow_removal(real, "true")
    ceph(real, "pool", "remove", "kept", "--yes", "--wait")


def allow_removal(real: StoringCluster, value: str) -> None:
    for node in real.layout.members:
        words = ["config", "set", "mon_allow_pool_delete", value]
        real.do("exec", node.name, "--", "ceph", "--admin-daemon", str(door(node, "mon")), *words)


def test_flags_reach_ceph(real: StoringCluster) -> None:
    ceph(real, "osd", "set", "norebalance", "--wait")
    assert "norebalance" in real.ceph("osd dump")["flags_set"]
    ceph(real, "osd", "unset", "norebalance", "--wait")
    assert "norebalance" not in real.ceph("osd dump")["flags_set"]


@pytest.fixture
def disk(real: StoringCluster) -> Iterator[str]:
    """A disk of 4 GiB with something on it."""
    file = real.root / "disk.img"
    subprocess.run(["truncate", "-s", "4G", file], check=True, timeout=20)
    subprocess.run(["mkswap", file], check=True, timeout=20, capture_output=True)
    found = subprocess.check_output(["losetup", "-f", "--show", file], text=True, timeout=20).strip()
    yield found
    subprocess.run(["losetup", "-d", found], check=True, timeout=20)


def test_a_disk_becomes_an_osd_though_the_worker_dies_and_goes_again(real: StoringCluster, disk: str) -> None:
    refused = real.pvc("storage", "ceph", "osd", "add", "hv3", disk, "--yes", "--wait")
    assert refused.returncode == 8 and "is not empty: a swap signature" in refused.stdout
    job = real.submit("/storage/ceph/node/hv3/osd", device=disk, device_class="ssd", force=disk)
    eventually("it is being made", lambda: real.get(f"/task/{job}")["stage"] == "making")
    real.do("kill", "hv3/worker")
    real.do("start", "hv3/worker")
    assert real.succeeds(job, 180)["result"]["osd"] == 3
    tree = {one["name"]: one for one in real.ceph("osd tree")["nodes"]}
    assert (tree["osd.3"]["status"], tree["osd.3"]["device_class"]) == ("up", "ssd")
    assert 3 in tree["hv3"]["children"] and [osd["osd"] for osd in real.ceph("osd dump")["osds"]] == [
        0,
        1,
        2,
        3,
    ]

    again = real.pvc("storage", "ceph", "osd", "add", "hv3", disk, "--force", disk, "--yes", "--wait")
    assert again.returncode == 8 and "is osd.3" in again.stdout
    eventually("Ceph is clean", real.clean, 90)
    ceph(real, "osd", "remove", "3", "--yes", "--wait")
    assert [osd["osd"] for osd in real.ceph("osd dump")["osds"]] == [0, 1, 2]
    eventually("its disk is free", lambda: not real.processes_of_osd(3))

    ceph(real, "osd", "add", "hv3", disk, "--force", disk, "--yes", "--wait")
    assert [osd["osd"] for osd in real.ceph("osd dump")["osds"]] == [0, 1, 2, 3]
    eventually("Ceph is clean", real.clean, 90)
    ceph(real, "osd", "remove", "3", "--yes", "--wait")
    eventually("its disk is free", lambda: not real.processes_of_osd(3))


def test_what_has_no_other_place_stays_in(real: StoringCluster) -> None:
    for verb in ("out", "remove"):
        refused = real.pvc("storage", "ceph", "osd", verb, "2", "--yes", "--wait")
        assert refused.returncode == 5 and "has 2 hosts for 3 copies" in refused.stderr
    assert real.osd(2)["in"] == 1


def test_an_osd_is_emptied_and_removed_while_a_guest_writes(real: StoringCluster) -> None:
    for pool in real.ceph("osd pool ls"):
        real.ceph("osd pool set", pool=pool, var="size", val="2")
        real.ceph("osd pool set", pool=pool, var="min_size", val="1")
    real.boot(["vm1"], node="hv1")
    eventually("Ceph is clean", real.clean, 90)
    said = ceph(real, "osd", "remove", "2", "--yes", "--wait")
    assert "osd.2 is removed" in said
    assert [osd["osd"] for osd in real.ceph("osd dump")["osds"]] == [0, 1]
    assert real.part("hv3/osd2")["state"] == "down"
    real.writes(["vm1"])
    assert real.pvc("storage", "ceph", "osd", "list").returncode == 0
    gone = real.pvc("storage", "ceph", "osd", "remove", "2", "--yes")
    assert gone.returncode == 4 and "there is no osd.2" in gone.stderr
