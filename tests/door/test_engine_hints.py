"""P1 and P2: a hint may come five times, or never."""

from __future__ import annotations

from threading import Thread

from cluster import ME, DoorCluster
from engine_checks import check_sound, children_of

from pvc_core.model.operations import FlushNode, MigrateVm, ReadyNode, ShutdownVm, StartVm, StopVm


def test_five_copies_of_every_hint_have_the_effect_of_one(cluster: DoorCluster) -> None:
    cluster.hints.copies = 5
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(3)]
    flush = cluster.run(FlushNode(node="hv1"))
    assert (flush.state, flush.result["moved"]) == ("succeeded", 3)
    assert len(children_of(cluster, flush)) == 3
    ready = cluster.run(ReadyNode(node="hv1"))
    assert (ready.state, ready.result["returned"]) == ("succeeded", 3)
    assert all(cluster.where(uuid) == ["hv1"] for uuid in vms)
    check_sound(cluster)


def test_without_any_hint_everything_is_still_done(cluster: DoorCluster) -> None:
    cluster.hints.lost = True
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(3)]
    assert cluster.run(FlushNode(node="hv1")).state == "succeeded"
    assert cluster.run(ReadyNode(node="hv1")).state == "succeeded"
    assert cluster.run(MigrateVm(vm=vms[0])).state == "succeeded"
    assert cluster.run(ShutdownVm(vm=vms[1])).state == "succeeded"
    assert cluster.run(StopVm(vm=vms[2])).state == "succeeded"
    check_sound(cluster)


def test_hints_lost_in_mid_flush_do_not_lose_the_flush(cluster: DoorCluster) -> None:
    for number in range(6):
        cluster.run_vm(f"vm{number}", "hv1")
    job = cluster.submit(FlushNode(node="hv1"))
    cluster.hints.lost = True
    assert cluster.finish(job).state == "succeeded"
    check_sound(cluster)


def test_a_hint_for_a_job_that_has_ended_or_never_was_changes_nothing(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    job = cluster.run(StartVm(vm=uuid))
    for engine in [worker.engine for worker in cluster.workers.values()]:
        engine.advance(job.id)
        engine.advance("20200101t000000-00000000")
    assert cluster.service.job(job.id) == job
    check_sound(cluster)


def test_two_processes_that_advance_a_job_at_once_take_each_step_once(cluster: DoorCluster) -> None:
    """As if the broker had handed the same hint to other nodes' workers too."""
    uuid = cluster.run_vm("vm1", "hv1")
    begun: list[str] = []
    hypervisor = cluster.fleet.node("hv1")
    begin = hypervisor.begin_migration
    hypervisor.begin_migration = lambda *args: (begun.append(uuid), begin(*args))  # type: ignore[method-assign,assignment,func-returns-value]
    job = cluster.service.submit(MigrateVm(vm=uuid, target="hv2"), ME)
    engine = cluster.workers["hv1"].engine
    crowd = [Thread(target=engine.advance, args=(job.id,)) for _ in range(8)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert cluster.finish(job).state == "succeeded"
    assert begun == [uuid]
    check_sound(cluster)
