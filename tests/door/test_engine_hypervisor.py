"""A libvirt that hangs, faults of our own, and records that grow: nothing is stuck, and nothing is silent."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from random import Random

import pytest
from cluster import ME, DoorCluster
from engine_checks import await_job, await_moving, check_explained, check_sound, children_of

from pvc_core.errors import StoreUnavailable
from pvc_core.model.operations import FlushNode, MigrateVm, StartVm, StopVm
from pvc_core.store import tree
from pvc_core.store.port import MAX_VALUE_BYTES, Op
from pvc_tasks.context import Context

MakeCluster = Callable[..., DoorCluster]


def test_a_job_whose_libvirt_hangs_waits_says_so_and_goes_on_afterwards(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    cluster.fleet.hang("hv1")
    job = await_job(cluster, cluster.submit(StartVm(vm=uuid)), state="waiting")
    check_explained(job)
    assert job.waiting is not None and "libvirtd of hv1 does not answer" in job.waiting.text
    cluster.await_true(lambda: not cluster.service.node("hv1").hypervisor_ok, "the node is known to be ill")
    assert cluster.service.node("hv1").alive, "its heartbeat is not held up"
    cluster.fleet.resume("hv1")
    assert cluster.finish(job).state == "succeeded"
    cluster.await_true(lambda: cluster.service.status().health == "ok", "all is well again")
    check_sound(cluster)


def test_a_flush_whose_libvirt_hangs_in_the_middle_completes_afterwards(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(6)]
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster, 4)
    cluster.fleet.hang("hv1")
    for child in children_of(cluster, job):
        check_explained(await_job(cluster, child, state="waiting"))
    cluster.fleet.resume("hv1")
    assert cluster.finish(job).state == "succeeded"
    assert all(len(cluster.where(uuid)) == 1 for uuid in vms)
    check_sound(cluster)


def test_a_job_that_waits_for_libvirt_is_cancelled_before_it_has_begun(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.hang("hv1")
    job = await_job(cluster, cluster.submit(StopVm(vm=uuid)), state="waiting")
    assert cluster.service.cancel(job.id, ME).state == "cancelled"
    cluster.fleet.resume("hv1")
    assert cluster.where(uuid) == ["hv1"]
    check_sound(cluster)


def test_a_cancel_given_while_libvirt_hangs_is_obeyed_once_it_answers(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    cluster.fleet.hang("hv1")
    assert cluster.service.cancel(job.id, ME).state == "cancelling"
    check_explained(cluster.service.job(job.id))
    cluster.fleet.resume("hv1")
    assert cluster.finish(job).state == "cancelled"
    assert cluster.where(uuid) == ["hv1"]
    check_sound(cluster)


def test_a_job_that_cannot_be_brought_to_rest_is_ended_by_a_second_cancel_with_force(
    cluster: DoorCluster,
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    cluster.fleet.hang("hv1")
    cluster.service.cancel(job.id, ME)
    ended = cluster.service.cancel(job.id, ME, force=True)
    assert ended.state == "cancelled" and "could not bring it to rest" in ended.text
    assert cluster.service.store.names(tree.LOCKS) == ()


def test_a_libvirt_silent_beyond_the_deadline_ends_the_job(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(jobs={"deadline_s": 0.6})
    uuid = cluster.define("vm1", "hv1")
    cluster.fleet.hang("hv1")
    ended = cluster.finish(cluster.submit(StartVm(vm=uuid)))
    assert ended.state == "failed" and ended.error is not None
    assert ended.error.code in ("EXPIRED", "HYPERVISOR_UNAVAILABLE")
    assert cluster.service.vm(uuid).spec.state == "stop"


def test_a_fault_of_our_own_ends_the_job_after_some_tries_and_leaves_the_records_true(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    monkeypatch.setattr(cluster.fleet.node("hv1"), "begin_migration", lambda *args: 1 / 0)
    ended = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert ended.error is not None and ended.error.code == "INTERNAL_FAULT"
    assert "ZeroDivisionError" in ended.text and ended.faults == 5
    assert cluster.service.vm(uuid).spec.moving_to is None
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
    home, store, count = cluster.workers["hv1"].world.store.home, cluster.service.store, [0]
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
    home = cluster.workers["hv1"].world.store.home
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
