"""P3: what cannot be done in time ends, with the reason, and is never run stale (predecessor fault 11)."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest
from cluster import DoorCluster, MakeCluster
from engine_checks import await_moving, check_sound, children_of
from storage import fill, running

from pvc_core.model.operations import AddVolume, FlushNode, MigrateVm, RemoveOsd, StartVm, UploadVolume
from pvc_drivers.blocks.fake import FakeBlocks

SHORT = {"jobs": {"deadline_s": 0.4}}


def take_care(cluster: DoorCluster) -> None:
    for agent in cluster.agents.values():
        agent.caretaker.take_care()


def wait_out(cluster: DoorCluster, deadline: float) -> None:
    cluster.await_true(lambda: cluster.service.world.clock.now() > deadline, "the deadline passes")


def test_a_job_for_a_dead_node_expires_and_the_returned_worker_does_not_run_it(
    make_cluster: MakeCluster,
) -> None:
    cluster = make_cluster(**SHORT)
    uuid = cluster.define("vm1", "hv1")
    cluster.kill_worker("hv1")
    job = cluster.submit(StartVm(vm=uuid))
    take_care(cluster)
    assert not cluster.service.job(job.id).state.finished, "its time is not over yet"
    wait_out(cluster, job.deadline)
    take_care(cluster)
    ended = cluster.service.job(job.id)
    assert ended.state == "failed" and ended.error is not None and ended.error.code == "EXPIRED"
    assert "the worker of hv1 is gone" in ended.text
    cluster.start_worker("hv1")
    cluster.await_true(lambda: cluster.service.node("hv1").worker, "the worker is back")
    assert cluster.run(StartVm(vm=cluster.define("vm2", "hv1"))).state == "succeeded"
    assert cluster.where(uuid) == []
    check_sound(cluster)


def test_a_worker_that_returns_after_the_deadline_does_not_run_it_either(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(**SHORT)
    uuid = cluster.define("vm1", "hv1")
    cluster.kill_worker("hv1")
    job = cluster.submit(StartVm(vm=uuid))
    wait_out(cluster, job.deadline)
    cluster.start_worker("hv1")
    ended = cluster.finish(job)
    assert ended.error is not None and ended.error.code == "EXPIRED"
    assert cluster.where(uuid) == []
    check_sound(cluster)


def test_what_may_take_days_has_days_and_never_less_than_the_configuration_gives(tmp_path: Path) -> None:
    """Expired, a half emptied OSD is put in again."""
    week = 7 * 86_400
    upload = UploadVolume(pool="vms", volume="big", length=1 << 20, image_format="raw")
    for configured in (86_400, week):
        with running(tmp_path, fill(FakeBlocks()), jobs={"deadline_s": configured}) as cluster:
            for asked, days in ((RemoveOsd(osd="2", force="osd.2"), 14), (upload, 7)):
                job = cluster.submit(asked)
                assert job.deadline - job.created == pytest.approx(days * 86_400)
            job = cluster.submit(AddVolume(pool="vms", volume=f"new{configured}", size="1G"))
            assert job.deadline - job.created == pytest.approx(configured)


def test_several_caretakers_end_a_job_once(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(**SHORT)
    uuid = cluster.define("vm1", "hv1")
    cluster.kill_worker("hv1")
    job = cluster.submit(StartVm(vm=uuid))
    wait_out(cluster, job.deadline)
    take_care(cluster)
    take_care(cluster)
    assert [ended.id for ended in cluster.ended].count(job.id) == 1


def test_a_migration_that_never_converges_is_aborted_at_its_deadline(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(jobs={"deadline_s": 0.8})
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    ended = cluster.finish(cluster.submit(MigrateVm(vm=uuid, target="hv2")))
    assert ended.state == "failed" and ended.error is not None and ended.error.code == "MIGRATION_TOO_SLOW"
    assert "runs on hv1" in ended.text
    assert not cluster.fleet.node("hv1").moves
    check_sound(cluster)


def test_one_vm_that_never_converges_leaves_the_flush_partial_with_its_name(
    make_cluster: MakeCluster,
) -> None:
    cluster = make_cluster(hypervisor={"migration": {"deadline_s": 0.5}})
    stuck = cluster.run_vm("vm1", "hv1")
    cluster.run_vm("vm2", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    ended = cluster.run(FlushNode(node="hv1"))
    assert ended.state == "partial"
    assert [(left["vm"], left["code"]) for left in ended.result["left"]] == [("vm1", "MIGRATION_TOO_SLOW")]
    assert cluster.where(stuck) == ["hv1"]
    assert cluster.service.node("hv1").state == "partial"
    check_sound(cluster)


def test_a_flush_whose_own_time_is_over_stops_its_migrations_and_opens_the_node(
    make_cluster: MakeCluster,
) -> None:
    cluster = make_cluster(jobs={"deadline_s": 0.8})
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    ended = cluster.run(FlushNode(node="hv1"))
    assert ended.error is not None and ended.error.code == "EXPIRED"
    assert all(child.state.finished for child in children_of(cluster, ended))
    assert (cluster.where(uuid), cluster.service.node("hv1").state) == (["hv1"], "ready")
    check_sound(cluster)


def test_a_flush_that_expires_with_its_worker_gone_frees_the_lock_for_others(
    make_cluster: MakeCluster,
) -> None:
    cluster = make_cluster(jobs={"deadline_s": 0.8})
    cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    cluster.kill_worker("hv1")
    wait_out(cluster, job.deadline)
    take_care(cluster)
    assert all(ended.state == "failed" for ended in [cluster.service.job(job.id), *children_of(cluster, job)])
    assert cluster.service.node("hv1").state == "ready"
    assert cluster.run(FlushNode(node="hv3")).state == "succeeded"
