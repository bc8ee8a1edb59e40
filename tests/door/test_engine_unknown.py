"""What a newer API wrote and this worker does not know waits for one that does, says so, and ends in time."""

from __future__ import annotations

from typing import Any

import pytest
from cluster import ME, DoorCluster, MakeCluster
from engine_checks import await_no_claims, check_explained

from pvc_core.model.job import Job
from pvc_core.model.operations import FlushNode, StopVm
from pvc_core.store import tree
from pvc_core.store.locks import lock_ref, plan_take
from pvc_tasks.operations.node_flush import FlushNodeHandler
from pvc_tasks.submit import plan_job
from pvc_worker.caretaker import Caretaker

NEWER = [
    ("node.flush", {"node": "hv1", "gently": True}, "gently"),
    ("node.polish", {"node": "hv1"}, "knows no task node.polish"),
    ("cluster.init", {}, "knows no task cluster.init"),
]


@pytest.fixture(autouse=True)
def looks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_tasks.engine.UNKNOWN_S", 0.05)


def submit(cluster: DoorCluster, operation: str, fields: dict[str, Any], **more: Any) -> Job:
    """As a newer API would, with the lock of all flushes once it has begun something."""
    store, now = cluster.service.store, cluster.service.world.clock.now()
    made = {"actor": "newer", "queue": "node.hv1", "created": now, "deadline": now + 60, "locks": ("flush",)}
    job = Job(id=cluster.service.world.new_id(now), operation=operation, fields=fields, **{**made, **more})
    taken = plan_take(lock_ref("flush"), None, job.id, now)[0] if job.begun else []
    store.commit(*plan_job(store, job).ops, *taken)
    return job


def await_waiting(cluster: DoorCluster, job: Job, text: str) -> Job:
    def told() -> bool:
        waiting = cluster.service.job(job.id).waiting
        return waiting is not None and text in waiting.text

    cluster.await_true(told, "it says what it waits for")
    return cluster.service.job(job.id)


@pytest.mark.parametrize(("operation", "fields", "text"), NEWER)
def test_it_waits_and_says_for_what(
    cluster: DoorCluster, operation: str, fields: dict[str, Any], text: str
) -> None:
    job = submit(cluster, operation, fields)
    shown = await_waiting(cluster, job, text)
    assert shown.state == "waiting" and "waits for a worker that does" in shown.text
    check_explained(shown)
    assert cluster.run(FlushNode(node="hv2")).state == "succeeded", "it is in nobody's way"
    assert cluster.service.cancel(job.id, ME).state == "cancelled"


@pytest.mark.parametrize("queue", ["node.hv1", "cluster"])
@pytest.mark.parametrize("stage", ["", "polishing"])
def test_its_deadline_ends_it(make_cluster: MakeCluster, queue: str, stage: str) -> None:
    cluster = make_cluster()
    now = cluster.service.world.clock.now()
    job = submit(cluster, "node.polish", {}, queue=queue, stage=stage, deadline=now + 0.5)
    ended = cluster.finish(job)
    assert ended.state == "failed" and ended.error is not None and ended.error.code == "EXPIRED"
    assert "knows no task node.polish" in ended.text
    assert cluster.service.store.names(tree.LOCKS) == ()
    await_no_claims(cluster, [job.id])


def test_begun_elsewhere_it_is_cancelled_by_its_like_or_by_force(cluster: DoorCluster) -> None:
    job = submit(cluster, *NEWER[0][:2], stage="moving")
    assert cluster.service.cancel(job.id, ME).state == "cancelling"
    shown = await_waiting(cluster, job, "waits for a worker that does")
    assert shown.state == "cancelling"
    ended = cluster.service.cancel(job.id, ME, force=True)
    assert ended.state == "cancelled" and "unknown" in ended.text
    assert cluster.service.store.names(tree.LOCKS) == ()


def test_a_caretaker_ends_it_too(cluster: DoorCluster) -> None:
    cluster.kill_worker("hv1")
    now = cluster.service.world.clock.now()
    job = submit(cluster, *NEWER[0][:2], stage="moving", deadline=now + 0.1)
    cluster.await_true(lambda: cluster.service.world.clock.now() > job.deadline, "its time is over")
    Caretaker(cluster.service.world).take_care()
    assert cluster.service.job(job.id).state == "failed"
    assert cluster.service.store.names(tree.LOCKS) == ()


def test_a_newer_worker_takes_it_up(cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after its upgrade."""
    cluster.run_vm("vm1", "hv1")
    job = submit(cluster, *NEWER[0][:2])
    await_waiting(cluster, job, "gently")
    parse = FlushNode.parse
    monkeypatch.setattr(
        FlushNode, "parse", lambda fields: parse({name: fields[name] for name in fields if name != "gently"})
    )
    assert cluster.finish(job).state == "succeeded"
    assert cluster.service.node("hv1").state == "flushed"


def test_a_fault_in_what_it_would_leave_is_no_reason_to_hold_its_locks(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FlushNodeHandler, "leave", lambda *args: 1 / 0)
    monkeypatch.setattr(FlushNodeHandler, "step", lambda *args: 1 / 0)
    ended = cluster.run(FlushNode(node="hv1"))
    assert ended.state == "failed" and ended.error is not None and ended.error.code == "INTERNAL_FAULT"
    assert cluster.service.store.names(tree.LOCKS) == ()


def test_others_are_carried_out_meanwhile(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    for operation, fields, _ in NEWER:
        submit(cluster, operation, fields)
    assert cluster.run(StopVm(vm=uuid)).state == "succeeded"
