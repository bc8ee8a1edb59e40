"""P2: a worker may die anywhere; another goes on, and the effect is that of one run (predecessor fault 2)."""

from __future__ import annotations

from typing import Any

import pytest
from cluster import DoorCluster
from engine_checks import Doom, await_job, await_moving, check_explained, check_sound, children_of

from pvc_core.model.job import Job
from pvc_core.model.operations import FlushNode, MigrateVm, ReadyNode, ShutdownVm, StartVm
from pvc_core.store import tree
from pvc_core.store.port import Op

ARRIVES = pytest.mark.parametrize("arrives", [False, True], ids=["before", "after"])


def die_and_return(cluster: DoorCluster, doom: Doom, job: Job) -> Job:
    """Once struck (or once the job has ended without that), a new process takes over."""
    cluster.await_true(lambda: doom.struck or cluster.service.job(job.id).state.finished, "the blow falls")
    cluster.kill_worker("hv1")
    cluster.start_worker("hv1")
    return cluster.finish(job)


@ARRIVES
@pytest.mark.parametrize("commit", range(1, 9))
def test_a_migration_survives_death_at_each_of_its_commits(
    cluster: DoorCluster, commit: int, arrives: bool
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    doom = Doom(cluster, "hv1", commit, arrives)
    job = die_and_return(cluster, doom, cluster.submit(MigrateVm(vm=uuid, target="hv2")))
    assert job.state == "succeeded", job
    assert cluster.where(uuid) == ["hv2"]
    assert cluster.service.vm(uuid).spec.previous_node == "hv1"
    check_sound(cluster)


@ARRIVES
@pytest.mark.parametrize("commit", [1, 2, 3, 5, 8, 13, 21, 34])
def test_a_flush_survives_death_at_any_of_its_commits(
    cluster: DoorCluster, commit: int, arrives: bool
) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(6)]
    doom = Doom(cluster, "hv1", commit, arrives)
    job = die_and_return(cluster, doom, cluster.submit(FlushNode(node="hv1")))
    assert job.state == "succeeded", job
    assert all(len(cluster.where(uuid)) == 1 and cluster.where(uuid) != ["hv1"] for uuid in vms)
    assert len(children_of(cluster, job)) == 6
    check_sound(cluster)


@ARRIVES
@pytest.mark.parametrize("commit", range(1, 5))
def test_a_start_and_a_shutdown_survive_death_too(cluster: DoorCluster, commit: int, arrives: bool) -> None:
    uuid = cluster.define("vm1", "hv1")
    doom = Doom(cluster, "hv1", commit, arrives)
    assert die_and_return(cluster, doom, cluster.submit(StartVm(vm=uuid))).state == "succeeded"
    assert cluster.where(uuid) == ["hv1"]
    doom = Doom(cluster, "hv1", commit, arrives)
    assert die_and_return(cluster, doom, cluster.submit(ShutdownVm(vm=uuid))).state == "succeeded"
    check_sound(cluster)


def test_killed_in_mid_flush_and_started_again_it_empties_the_node(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(8)]
    cluster.fleet.migration_s = 0.5
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster, 4)
    cluster.kill_worker("hv1")
    shown = cluster.service.job(job.id)
    check_explained(shown)
    assert shown.waiting is not None and "worker of hv1 is not there" in shown.waiting.text
    cluster.await_true(lambda: not cluster.fleet.node("hv1").moves, "libvirt finishes what it has begun")
    cluster.start_worker("hv1")
    assert cluster.finish(job).state == "succeeded"
    assert all(len(cluster.where(uuid)) == 1 and cluster.where(uuid) != ["hv1"] for uuid in vms)
    check_sound(cluster)


def test_a_worker_that_returns_while_libvirt_still_migrates_adopts_the_migration(
    cluster: DoorCluster,
) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 0.6
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    cluster.kill_worker("hv1")
    cluster.start_worker("hv1")
    ended = cluster.finish(job)
    assert (ended.state, ended.notes["begun"]) == ("succeeded", 1)
    check_sound(cluster)


def test_a_worker_whose_session_expires_in_mid_flush_goes_on_under_a_new_one(cluster: DoorCluster) -> None:
    for number in range(6):
        cluster.run_vm(f"vm{number}", "hv1")
    cluster.fleet.migration_s = 0.5
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster, 4)
    home = cluster.session("hv1")
    for _ in range(3):
        home.expire()
        home.reconnect()
    ended = cluster.finish(job)
    assert ended.state == "succeeded" and len(children_of(cluster, ended)) == 6
    check_sound(cluster)


def test_a_step_whose_session_is_lost_in_the_middle_does_not_act(cluster: DoorCluster) -> None:
    """It has recorded that it begins a migration; by the time it would, its claim may be another's."""
    uuid = cluster.run_vm("vm1", "hv1")
    hypervisor, home = cluster.fleet.node("hv1"), cluster.session("hv1")
    store, lost, acts = cluster.service.store, [False], []
    commit, begin = home.commit, hypervisor.begin_migration

    def commit_then_lose_session(ops: list[Op]) -> None:
        commit(ops)
        if not lost[0] and any(b'"begun":1' in getattr(op, "data", b"") for op in ops):
            lost[0] = True
            home.expire()
            home.reconnect()

    def begin_and_note_the_claim(*args: Any) -> None:
        claim = store.find(tree.claim_ref(job.id))
        acts.append(claim is not None and claim.value.session == home.session())
        begin(*args)

    home.commit = commit_then_lose_session  # type: ignore[method-assign,assignment]
    hypervisor.begin_migration = begin_and_note_the_claim  # type: ignore[method-assign]
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    assert cluster.finish(job).state == "succeeded"
    assert lost == [True] and acts == [True]
    check_sound(cluster)


def test_a_killed_return_brings_everybody_home_all_the_same(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(4)]
    cluster.run(FlushNode(node="hv1"))
    cluster.fleet.migration_s = 0.3
    job = cluster.submit(ReadyNode(node="hv1"))
    cluster.await_true(lambda: len(children_of(cluster, job)) == 4, "the return has begun")
    cluster.kill_worker("hv1")
    cluster.kill_worker("hv2")
    cluster.start_worker("hv2")
    cluster.start_worker("hv1")
    assert await_job(cluster, job, state="succeeded").result["returned"] == 4
    assert all(cluster.where(uuid) == ["hv1"] for uuid in vms)
    check_sound(cluster)
