"""Faults in the middle of the main job: it ends as if nothing had happened, and no guest notices."""

from __future__ import annotations

import time

import pytest
from fault_checks import FOUR, assert_flushed, begin_flush, copying
from lab_tool import eventually
from real_cluster import RealCluster

SOON_S = 1.5
"""What a request may take that waits for Redis in vain."""


def test_the_worker_is_killed_and_started_again(real: RealCluster) -> None:
    job = begin_flush(real)
    real.do("kill", "hv1/worker")
    assert not real.get(f"/task/{job}")["finished"]
    real.do("start", "hv1/worker")
    assert_flushed(real, job)


def test_redis_forgets_everything(real: RealCluster) -> None:
    job = begin_flush(real)
    while not real.get(f"/task/{job}?wait=0.3")["finished"]:
        real.do("redis", "wipe")
    assert_flushed(real, job)


@pytest.mark.parametrize("fault", ["kill", "stop"])
def test_redis_dies_or_freezes_in_the_middle_of_a_flush(real: RealCluster, fault: str) -> None:
    job = begin_flush(real)
    real.do(fault, "redis")
    assert_flushed(real, job)


def test_redis_is_dead_during_a_whole_flush(real: RealCluster) -> None:
    real.boot(FOUR)
    real.do("kill", "redis")
    asked = time.monotonic()
    job = real.submit("/node/hv1/flush")
    assert time.monotonic() - asked < SOON_S
    assert_flushed(real, job)


def test_a_frozen_redis_delays_no_request(real: RealCluster) -> None:
    real.define("vm1")
    real.do("stop", "redis")
    asked = time.monotonic()
    job = real.submit("/vm/vm1/start")
    assert time.monotonic() - asked < SOON_S
    real.succeeds(job)
    assert real.domains("hv1") == {"vm1"}


def test_a_flush_is_cancelled_in_mid_copy(real: RealCluster) -> None:
    real.boot(["busy1", "busy2"], busy=30)
    with real.slow_network(mbit=100):
        job = real.submit("/node/hv1/flush")
        eventually("both are copied", lambda: len(copying(real, job)) == 2)
        assert real.pvc("task", "cancel", job, "--reason", "wrong node").returncode == 0
        ended = real.ended(job)
    assert ended["state"] == "cancelled"
    assert real.domains("hv1") == {"busy1", "busy2"}
    assert real.domains("hv2") | real.domains("hv3") == set()
    assert real.node("hv1")["state"] == "ready"
    real.assert_unnoticed(["busy1", "busy2"])


def test_the_power_of_a_target_is_cut_in_mid_copy(real: RealCluster) -> None:
    real.boot(["vm1", "vm2"], busy=30)
    with real.slow_network(mbit=100):
        job = real.submit("/node/hv1/flush")
        eventually("both are copied", lambda: len(copying(real, job)) == 2)
        real.do("power", "off", "hv2")
    real.succeeds(job)
    assert real.domains("hv1") == set()
    assert real.domains("hv3") == {"vm1", "vm2"}
    real.assert_unnoticed(["vm1", "vm2"])
