"""Processes that die, stand still, or lose their session in the middle of the main job."""

from __future__ import annotations

import socket
import time
from threading import Event, Thread

import pytest
from fault_checks import FOUR, assert_flushed, begin_flush, is_copied
from lab_tool import eventually
from real_cluster import RealCluster

from pvc_core.config import load_config, read_secret
from pvc_tasks.redis_hints import RedisHints


@pytest.mark.parametrize("stage", ["moving", "copying"])
def test_the_worker_is_killed_at_other_moments(real: RealCluster, stage: str) -> None:
    real.boot(FOUR)
    job = real.submit("/node/hv1/flush")
    eventually("it has come so far", lambda: stage in stages(real, job))
    real.do("kill", "hv1/worker")
    real.do("start", "hv1/worker")
    assert_flushed(real, job)


def stages(real: RealCluster, job: str) -> set[str]:
    jobs = [real.get(f"/task/{job}"), *real.get(f"/task?parent={job}")]
    return {found["stage"] for found in jobs}


def test_a_worker_stands_still_past_its_session_and_goes_on(real: RealCluster) -> None:
    job = begin_flush(real)
    real.do("stop", "hv1/worker")
    eventually("its session is gone", lambda: not real.node("hv1")["worker"], 60)
    assert real.node("hv1")["alive"], "the agent has its own"
    waits = real.get(f"/task/{job}")["waiting"]
    assert waits["kind"] == "node" and "worker of hv1" in waits["text"], waits
    real.do("cont", "hv1/worker")
    assert_flushed(real, job)


def test_the_api_is_killed_while_somebody_waits(real: RealCluster) -> None:
    real.boot(FOUR)
    with real.begin("node", "flush", "hv1", "--wait", "--parallel", "1") as waiting:
        eventually("one is moving", lambda: real.get("/task?state=unfinished&operation=vm.migrate"))
        real.do("kill", "api")
        real.do("start", "api")
        said = waiting.communicate(timeout=120)[0]
    assert waiting.returncode == 0, said
    assert "hv1 is flushed" in said
    assert real.domains("hv1") == set()
    real.assert_unnoticed(FOUR)


def test_the_zookeeper_leader_is_killed(real: RealCluster) -> None:
    job = begin_flush(real)
    leader = next(name for name in ("hv1", "hv2", "hv3") if leads(real, name))
    real.do("kill", f"{leader}/zookeeper")
    eventually("the API answers again", lambda: answers(real), 60)
    assert_flushed(real, job)


def leads(real: RealCluster, name: str) -> bool:
    with socket.create_connection((real.layout.node(name).address, 2181), timeout=5) as link:
        link.sendall(b"srvr")
        return b"Mode: leader" in b"".join(iter(lambda: link.recv(4096), b""))


def answers(real: RealCluster) -> bool:
    return real.ask("GET", "/node").status_code == 200


def test_every_hint_comes_many_times(real: RealCluster) -> None:
    real.boot(FOUR)
    over = Event()
    noise = Thread(target=ring_for_ever, args=(real, over), daemon=True)
    noise.start()
    job = real.submit("/node/hv1/flush")
    try:
        assert_flushed(real, job)
    finally:
        over.set()
        noise.join(10)
    children = real.get(f"/task?parent={job}")
    assert sorted(child["about"] for child in children) == FOUR, "each VM was moved by one task"


def ring_for_ever(real: RealCluster, over: Event) -> None:
    config = load_config(real.layout.api / "pvc.yaml")
    hints = RedisHints(config.redis, read_secret(config.redis.password_file))
    while not over.wait(0.05):
        for job in real.get("/task?state=unfinished"):
            for _ in range(3):
                hints.ring(job["id"], job["queue"], job["operation"])


def test_one_migration_is_cancelled_in_mid_copy(real: RealCluster) -> None:
    real.boot(["busy1"], busy=30)
    with real.slow_network(mbit=100):
        job = real.submit("/vm/busy1/migrate", target="hv2")
        eventually("it is copied", lambda: is_copied(real, job))
        asked = time.monotonic()
        assert real.pvc("task", "cancel", job).returncode == 0
        ended = real.ended(job)
    assert ended["state"] == "cancelled" and "runs on hv1" in ended["text"], ended["text"]
    assert time.monotonic() - asked < 10
    assert (real.domains("hv1"), real.domains("hv2")) == ({"busy1"}, set())
    assert real.vm("busy1")["spec"].get("moving_to") is None
    real.assert_unnoticed(["busy1"])


def give_up_migration(real: RealCluster, vm: str) -> None:
    """One to hv2 that is under way loses its worker, and its task is cancelled by force."""
    job = real.submit(f"/vm/{vm}/migrate", target="hv2")
    eventually("it is copied", lambda: is_copied(real, job))
    real.do("kill", "hv1/worker")
    eventually("its worker is gone", lambda: not real.node("hv1")["worker"], 60)
    assert real.ask("POST", f"/task/{job}/cancel", json={"force": True}).status_code == 200


def test_a_migration_that_was_given_up_is_ended_before_another_begins(real: RealCluster) -> None:
    real.boot(["busy1"], busy=30)
    with real.slow_network(mbit=60):
        give_up_migration(real, "busy1")
        seen = real.node("hv1")["report_at"]
        eventually("its agent has looked again", lambda: real.node("hv1")["report_at"] > seen + 6, 30)
        assert real.vm("busy1")["spec"]["moving_to"] == "hv2", "that it still runs here proves nothing"
        real.do("start", "hv1/worker")
        job = real.submit("/vm/busy1/migrate", target="hv3")
        eventually("the first is aborted", lambda: real.domains("hv2") == set(), 60)
    ended = real.succeeds(job)
    assert "given up is still under way" in " ".join(line["text"] for line in ended["log"])
    assert [real.domains(node) for node in ("hv1", "hv2", "hv3")] == [set(), set(), {"busy1"}]
    real.assert_unnoticed(["busy1"])


def test_a_stop_goes_where_a_migration_that_nobody_saw_end_took_the_vm(real: RealCluster) -> None:
    real.boot(["vm1"])
    with real.slow_network(mbit=40):
        give_up_migration(real, "vm1")
        real.do("kill", "hv2/agent")
    eventually("it has arrived", lambda: (real.domains("hv1"), real.domains("hv2")) == (set(), {"vm1"}), 90)
    real.do("start", "hv1/worker")
    job = real.submit("/vm/vm1/stop")
    eventually("it asks hv2", lambda: "waits for hv2 to tell" in real.get(f"/task/{job}")["text"])
    assert real.domains("hv2") == {"vm1"} and real.vm("vm1")["spec"]["state"] == "start"
    real.do("start", "hv2/agent")
    real.succeeds(job)
    assert (real.domains("hv1"), real.domains("hv2")) == (set(), set())
    assert real.vm("vm1")["spec"]["state"] == "stop"
