"""A libvirt that hangs, faults of our own, and records that grow: nothing is stuck, and nothing is silent."""

from __future__ import annotations

from math import inf

from cluster import ME, DoorCluster, MakeCluster
from engine_checks import await_job, await_moving, check_explained, check_sound, children_of

from pvc_core.model.operations import FlushNode, MigrateVm, StartVm, StopVm
from pvc_core.store import tree


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
    cluster.fleet.migration_s = 0.5
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
