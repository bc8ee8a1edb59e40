"""Faults of our own, of the store, and of its answers: a job ends or goes on, and the records are true."""

from __future__ import annotations

from math import inf
from random import Random

import pytest
from cluster import DoorCluster
from engine_checks import await_moving, check_sound, children_of

from pvc_core.errors import StoreUnavailable
from pvc_core.model.operations import FlushNode, MigrateVm, StopVm
from pvc_core.store import tree
from pvc_core.store.port import MAX_VALUE_BYTES, Op
from pvc_tasks.context import Context


def test_a_fault_of_our_own_ends_the_job_after_some_tries_and_leaves_the_records_true(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    monkeypatch.setattr(cluster.fleet.node("hv1"), "begin_migration", lambda *args: 1 / 0)
    ended = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert ended.error is not None and ended.error.code == "INTERNAL_FAULT"
    assert "ZeroDivisionError" in ended.text and ended.faults == 5
    cluster.await_true(
        lambda: cluster.service.vm(uuid).spec.moving_to is None, "the agent that sees it settles its record"
    )
    check_sound(cluster)


def test_a_flush_that_fails_by_a_fault_of_our_own_takes_its_children_along(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    monkeypatch.setattr("pvc_tasks.operations.node_flush.look_around", lambda *args: 1 / 0)
    ended = cluster.finish(job)
    assert ended.error is not None and ended.error.code == "INTERNAL_FAULT"
    cluster.await_true(lambda: not cluster.service.jobs(state="unfinished"), "no orphan is left")
    assert (cluster.where(uuid), cluster.service.node("hv1").state) == (["hv1"], "ready")
    check_sound(cluster)


def test_a_flush_whose_process_dies_as_it_fails_takes_its_children_along(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody was left to ask them: they look at their parent themselves."""

    def die(*_: object) -> None:
        raise StoreUnavailable("struck dead")

    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    monkeypatch.setattr("pvc_tasks.engine.cancel_orphans", die)
    monkeypatch.setattr("pvc_tasks.operations.node_flush.look_around", lambda *args: 1 / 0)
    assert cluster.finish(job).state == "failed"
    cluster.await_true(lambda: not cluster.service.jobs(state="unfinished"), "no orphan is left")
    [child] = children_of(cluster, job)
    assert child.state == "cancelled" and child.cancel is not None
    assert child.cancel.reason == "its parent has ended"
    assert (cluster.where(uuid), cluster.service.node("hv1").state) == (["hv1"], "ready")
    check_sound(cluster)


def test_a_record_that_would_grow_too_large_ends_its_job(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")

    def babble(ctx: Context, *_: object) -> tuple[Op, ...]:
        ctx.remember(babble="x" * MAX_VALUE_BYTES)
        return ()

    monkeypatch.setattr("pvc_tasks.operations.vm_stop.plan_stopped", babble)
    ended = cluster.run(StopVm(vm=uuid))
    assert ended.error is not None and ended.error.code == "STORE_TOO_LARGE"
    assert cluster.service.store.names(tree.LOCKS) == ()


def test_a_claim_that_is_taken_away_ends_the_step_at_once(cluster: DoorCluster) -> None:
    """Without looking, the same step would be tried again and again until its steps are used up."""
    uuid = cluster.run_vm("vm1", "hv1")
    home, store, count = cluster.session("hv1"), cluster.service.store, [0]
    commit = home.commit

    def rob_the_second(ops: list[Op]) -> None:
        jobs = [op.path.split("/")[2] for op in ops if op.path.startswith(f"{tree.JOBS}/")]
        count[0] += bool(jobs)
        if count[0] == 2 and jobs:
            store.commit(store.load(tree.claim_ref(jobs[0])).delete())
        commit(ops)

    home.commit = rob_the_second  # type: ignore[method-assign,assignment]
    assert cluster.run(MigrateVm(vm=uuid, target="hv2")).state == "succeeded"
    assert count[0] < 30
    check_sound(cluster)


def test_a_commit_whose_answer_is_lost_is_not_done_twice(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(4)]
    home = cluster.session("hv1")
    commit, dice = home.commit, Random(7)

    def lose_some_answers(ops: object) -> None:
        commit(ops)  # type: ignore[arg-type]
        if dice.random() < 0.25:
            raise StoreUnavailable("the answer is lost")

    home.commit = lose_some_answers  # type: ignore[method-assign,assignment]
    job = cluster.run(FlushNode(node="hv1"))
    assert job.state == "succeeded" and len(children_of(cluster, job)) == 4
    assert all(len(cluster.where(uuid)) == 1 and cluster.where(uuid) != ["hv1"] for uuid in vms)
    check_sound(cluster)


def test_a_lost_quorum_stops_everything_and_loses_nothing(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(6)]
    cluster.fleet.migration_s = 0.5
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster, 4)
    cluster.tree.down()
    with pytest.raises(StoreUnavailable):
        cluster.submit(FlushNode(node="hv2"))
    cluster.await_true(lambda: not cluster.fleet.node("hv1").moves, "libvirt goes on")
    cluster.tree.up()
    assert cluster.finish(job).state == "succeeded"
    assert all(len(cluster.where(uuid)) == 1 for uuid in vms)
    check_sound(cluster)
