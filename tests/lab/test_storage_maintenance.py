"""A node is down for maintenance, for real: Ceph leaves its data alone, and is whole before VMs return."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from lab_tool import CEPH, eventually
from real_cluster import in_a_lab
from storing_cluster import StoringCluster

pytestmark = CEPH
OUT_AFTER_S = 4
"""How soon Ceph gives up an OSD that is down; ten minutes if nobody says otherwise."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[StoringCluster]:
    with in_a_lab(StoringCluster) as found:
        for name, value in (("mon_osd_down_out_interval", OUT_AFTER_S), ("mon_osd_min_in_ratio", 0.1)):
            found.ceph("config set", who="mon", name=name, value=str(value))
        yield found


@pytest.fixture
def real(cluster: StoringCluster) -> StoringCluster:
    cluster.reset()
    eventually("Ceph is clean", cluster.clean, 90)
    assert cluster.held() == {}
    return cluster


def test_a_node_is_off_for_maintenance_and_nothing_is_rebuilt(real: StoringCluster) -> None:
    real.boot(["vm1"], node="hv2")
    flushed = real.pvc("node", "flush", "hv2", "--maintenance", "--wait")
    assert flushed.returncode == 0, flushed.stdout + flushed.stderr
    assert real.held() == {"hv2": ["noout"]}
    assert "flushed, maintenance" in real.pvc("node", "list").stdout
    assert "maintenance  hv2" in real.pvc("status").stdout

    real.do("power", "off", "hv2")
    eventually("Ceph notices", lambda: not real.osd(1)["up"], 60)
    time.sleep(3 * OUT_AFTER_S)
    assert real.osd(1)["in"] == 1
    real.writes(["vm1"])

    real.do("power", "on", "hv2")
    real.do("kill", "hv2/osd1")
    eventually("it is down", lambda: not real.osd(1)["up"], 60)
    job = real.submit("/node/hv2/ready")
    eventually("it says so", lambda: "osd.1 of hv2 to come up" in real.get(f"/task/{job}")["text"])
    assert real.held() == {"hv2": ["noout"]} and real.domains("hv2") == set()
    with real.not_recovering():
        real.do("start", "hv2/osd1")
        eventually("it waits", lambda: "placement group" in real.get(f"/task/{job}")["text"], 60)
        assert "degraded" in real.get(f"/task/{job}")["text"]
        assert real.held() == {} and real.domains("hv2") == set()
        time.sleep(3)
        assert real.get(f"/task/{job}")["state"] == "waiting"
    real.succeeds(job)
    assert real.domains("hv2") == {"vm1"} and real.node("hv2")["maintenance"] is None
    real.writes(["vm1"])


def test_without_maintenance_it_is_given_up(real: StoringCluster) -> None:
    """What `noout` holds off is there to be held off."""
    real.succeeds(real.submit("/node/hv2/flush"))
    assert real.held() == {}
    real.do("kill", "hv2/osd1")
    eventually("Ceph gives it up", lambda: real.osd(1)["in"] == 0, 60)
    real.do("start", "hv2/osd1")
    real.succeeds(real.submit("/node/hv2/ready"))


def test_the_flag_outlives_a_flush_that_died_and_goes_with_ready(real: StoringCluster) -> None:
    names = ["vm1", "vm2", "vm3"]
    real.boot(names, node="hv2")
    job = real.submit("/node/hv2/flush", maintenance=True, parallel=1)
    eventually("the first has moved", lambda: real.get(f"/task/{job}")["progress"]["done"] >= 1, 60)
    real.do("kill", "hv2/worker")
    real.ask("POST", f"/task/{job}/cancel", json={})
    eventually("it is given up", lambda: real.ask("POST", f"/task/{job}/cancel", json={"force": True}).ok)
    assert real.held() == {"hv2": ["noout"]}
    shown = real.pvc("status").stdout
    assert "MAINTENANCE_LEFT_ON" in shown and "pvc node ready hv2" in shown

    real.do("start", "hv2/worker")
    real.succeeds(real.submit("/node/hv2/ready"))
    assert real.held() == {} and real.domains("hv2") == set(names)


def test_a_flush_whose_worker_dies_goes_on_and_is_in_maintenance(real: StoringCluster) -> None:
    names = ["vm1", "vm2", "vm3"]
    real.boot(names, node="hv2")
    job = real.submit("/node/hv2/flush", maintenance=True, parallel=1)
    eventually("it holds the OSD", lambda: real.held() == {"hv2": ["noout"]})
    real.do("kill", "hv2/worker")
    real.do("start", "hv2/worker")
    real.succeeds(job)
    assert real.held() == {"hv2": ["noout"]} and real.domains("hv2") == set()
    real.succeeds(real.submit("/node/hv2/ready"))
    assert real.held() == {}
    real.writes(names)


def test_refused_while_another_nodes_osd_is_down(real: StoringCluster) -> None:
    real.ceph("config set", who="mon", name="mon_osd_down_out_interval", value="600")
    real.do("kill", "hv3/osd2")
    eventually("Ceph notices", lambda: not real.osd(2)["up"], 60)
    eventually("and how it stands", lambda: "degraded" in str(real.ceph("status")["pgmap"]), 60)
    for words in ((), ("--dry-run",)):
        refused = real.pvc("node", "flush", "hv2", "--maintenance", *words)
        assert refused.returncode == 5, refused.stdout + refused.stderr
        assert "hv2 cannot go into maintenance: osd ok-to-stop" in refused.stderr
    assert real.node("hv2")["state"] == "ready" and real.held() == {}
    real.do("start", "hv3/osd2")


def test_a_second_node_is_refused_while_one_is_in_maintenance(real: StoringCluster) -> None:
    real.succeeds(real.submit("/node/hv1/flush", maintenance=True))
    refused = real.pvc("node", "flush", "hv2", "--maintenance")
    assert refused.returncode == 5 and "not enough monitors" in refused.stderr
    real.succeeds(real.submit("/node/hv1/ready"))
