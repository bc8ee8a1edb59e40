"""A job can be cancelled in every state, and then says what was done and what was not."""

from __future__ import annotations

from math import inf

import pytest
from cluster import ME, DoorCluster
from engine_checks import (
    Doom,
    await_job,
    await_moving,
    check_explained,
    check_sound,
    children_of,
    submit_as,
)

from pvc_core.errors import NotFound, StoreUnavailable, WrongState
from pvc_core.model.operations import (
    DisableVm,
    FlushNode,
    MigrateVm,
    Operation,
    ReadyNode,
    ShutdownVm,
    StartVm,
    StopVm,
)
from pvc_core.store.cache import CachingHome
from pvc_core.store.memory import MemoryHome
from pvc_tasks.submit import Asker


def test_a_queued_job_whose_worker_is_gone_is_cancelled_at_once(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    cluster.kill_worker("hv1")
    job = cluster.submit(StartVm(vm=uuid))
    check_explained(cluster.service.job(job.id))
    ended = cluster.service.cancel(job.id, Asker("anna", reason="changed my mind"))
    assert ended.state == "cancelled"
    assert ended.text == "cancelled by anna: nothing was begun"
    assert ended.cancel is not None and ended.cancel.reason == "changed my mind"
    cluster.start_worker("hv1")
    check_sound(cluster)
    assert cluster.where(uuid) == []


def test_a_job_in_line_for_a_lock_is_cancelled_at_once_and_leaves_the_line(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    first = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    second = await_job(cluster, cluster.submit(ShutdownVm(vm=uuid)), state="waiting")
    assert second.waiting is not None and (second.waiting.kind, second.waiting.on) == ("lock", first.id)
    assert cluster.service.cancel(second.id, ME).state == "cancelled"
    assert cluster.service.status().locks[0].waiters == ()
    cluster.service.cancel(first.id, ME)
    assert cluster.finish(first).state == "cancelled"
    check_sound(cluster)


def test_a_running_migration_is_aborted_and_the_vm_stays(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    cluster.service.cancel(job.id, ME)
    ended = cluster.finish(job)
    assert (ended.state, ended.text) == ("cancelled", "cancelled by tester: vm1 runs on hv1")
    assert cluster.where(uuid) == ["hv1"] and cluster.service.vm(uuid).spec.previous_node is None
    check_sound(cluster)


def test_a_cancel_that_comes_too_late_lets_the_job_succeed(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    worker = cluster.workers["hv1"]
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    await_job(cluster, job, state="running")
    with cluster.fleet.lock:
        cluster.service.cancel(job.id, ME)
        cluster.fleet.node("hv1").moves[uuid].end()
    assert worker.node.name == "hv1"
    assert cluster.finish(job).state == "succeeded"
    assert cluster.where(uuid) == ["hv2"]
    check_sound(cluster)


@pytest.mark.parametrize(
    "asked", [StopVm(vm="vm1"), DisableVm(vm="vm1", force=True)], ids=lambda one: one.name
)
def test_a_cancel_that_comes_once_the_guest_was_stopped_lets_that_be_recorded(
    cluster: DoorCluster, asked: Operation
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    doom = Doom(cluster, "hv1", at=3, arrives=False)
    job = cluster.submit(asked)
    cluster.await_true(lambda: doom.struck, "it dies before it says that the guest is gone")
    cluster.kill_worker("hv1")
    assert cluster.where(uuid) == []
    cluster.service.cancel(job.id, ME)
    cluster.start_worker("hv1")
    assert cluster.finish(job).state == "succeeded"
    check_sound(cluster)


def test_a_flush_cancelled_in_mid_flight_opens_the_node_and_moves_nobody_else(cluster: DoorCluster) -> None:
    """The predecessor's watch thread went deaf when its last VM was being moved (fault 5)."""
    done, stuck = cluster.run_vm("vm1", "hv1", 256), cluster.run_vm("vm2", "hv1")
    cluster.fleet.faults.slow_migrations["vm2"] = inf
    job = cluster.submit(FlushNode(node="hv1"))
    cluster.await_true(
        lambda: cluster.where(done) != ["hv1"] and cluster.where(stuck) == ["hv1"], "half done"
    )
    await_moving(cluster)
    assert cluster.service.cancel(job.id, Asker("anna")).state in ("cancelling", "cancelled")
    ended = cluster.finish(job)
    assert ended.state == "cancelled"
    assert ended.text == "cancelled by anna: 1 VM moved and stay where they are; hv1 is ready again"
    assert cluster.service.node("hv1").state == "ready"
    assert cluster.where(stuck) == ["hv1"]
    assert sorted(child.state for child in children_of(cluster, ended)) == ["cancelled", "succeeded"]
    check_sound(cluster)
    assert cluster.run(ReadyNode(node="hv1")).state == "succeeded"
    assert cluster.where(done) == ["hv1"]


def test_a_vm_whose_move_alone_is_cancelled_is_named_and_the_flush_goes_on(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1")
    other = cluster.run_vm("vm2", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(FlushNode(node="hv1"))
    cluster.await_true(lambda: cluster.where(other) != ["hv1"], "vm2 is moved")
    (child,) = [child for child in children_of(cluster, job) if child.about == "vm1"]
    cluster.service.cancel(child.id, ME)
    ended = cluster.finish(job)
    assert ended.state == "partial"
    assert [(left["vm"], left["code"]) for left in ended.result["left"]] == [("vm1", "CANCELLED")]
    check_sound(cluster)


def test_what_has_ended_or_never_was_cannot_be_cancelled(cluster: DoorCluster) -> None:
    job = cluster.run(StartVm(vm=cluster.define("vm1", "hv1")))
    with pytest.raises(WrongState, match="has ended already: succeeded"):
        cluster.service.cancel(job.id, ME)
    for unknown in ("20200101t000000-00000000", "../cluster", "x"):
        with pytest.raises(NotFound):
            cluster.service.cancel(unknown, ME)


def lose_the_next_answer(cluster: DoorCluster) -> None:
    """The API's commit arrives, and it is not told so."""
    home = cluster.service.store.home
    assert isinstance(home, CachingHome) and isinstance(home.below, MemoryHome)
    home.below.lose_answer()


def test_a_flush_is_superseded_although_the_answer_is_lost_and_the_request_repeated(
    cluster: DoorCluster,
) -> None:
    """The repetition finds its task, and asks nobody a second time."""
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    flush = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    lose_the_next_answer(cluster)
    with pytest.raises(StoreUnavailable):
        submit_as(cluster, ReadyNode(node="hv1"), "key")
    ready = submit_as(cluster, ReadyNode(node="hv1"), "key")
    assert cluster.finish(flush).state == "cancelled"
    assert cluster.finish(ready).state == "succeeded"
    assert (cluster.where(uuid), cluster.service.node("hv1").state) == (["hv1"], "ready")
    check_sound(cluster)


def test_so_is_one_that_has_begun_nothing_and_whose_worker_is_gone(cluster: DoorCluster) -> None:
    cluster.kill_worker("hv1")
    flush = cluster.submit(FlushNode(node="hv1"))
    lose_the_next_answer(cluster)
    with pytest.raises(StoreUnavailable):
        submit_as(cluster, ReadyNode(node="hv1"), "key")
    shown = cluster.service.job(flush.id)
    assert shown.state == "cancelling"
    check_explained(shown)
    cluster.start_worker("hv1")
    assert cluster.finish(flush).state == "cancelled"
    cluster.await_true(lambda: not cluster.service.jobs(state="unfinished"), "so has the other")
    assert cluster.service.node("hv1").state == "ready"
    check_sound(cluster)
