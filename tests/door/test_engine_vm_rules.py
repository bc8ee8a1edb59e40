"""Defining, starting, stopping and forgetting a VM: what is done, and what is refused."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster, MakeCluster
from engine_checks import check_sound

from pvc_core.errors import (
    NoPlacement,
    WrongState,
)
from pvc_core.model.operations import (
    FlushNode,
    ShutdownVm,
    StartVm,
    StopVm,
    UndefineVm,
)


def test_start_takes_the_vms_own_node_and_another_only_when_that_is_closed(cluster: DoorCluster) -> None:
    first, second = cluster.define("vm1", "hv1"), cluster.define("vm2", "hv1")
    assert cluster.run(StartVm(vm=first)).result["node"] == "hv1"
    cluster.run(FlushNode(node="hv1"))
    assert cluster.run(StartVm(vm=second)).result["node"] in ("hv2", "hv3")
    assert cluster.service.vm(second).spec.previous_node == "hv1"
    check_sound(cluster)


def test_a_start_that_libvirt_refuses_gives_the_memory_back(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1", 3000)
    cluster.fleet.faults.refuse_starts["vm1"] = 1
    job = cluster.run(StartVm(vm=uuid))
    assert job.state == "failed" and job.error is not None and job.error.code == "HYPERVISOR_REFUSED"
    assert cluster.service.vm(uuid).spec.state == "stop"
    assert cluster.service.node("hv1").memory_wanted_mib == 0
    assert cluster.run(StartVm(vm=uuid)).state == "succeeded"
    check_sound(cluster)


def test_a_start_whose_outcome_nobody_knows_is_not_recorded_as_stopped(cluster: DoorCluster) -> None:
    """P6: recorded as stopped, it would be started on another node while it may run on the dead one."""
    uuid = cluster.define("vm1", "hv1")
    hypervisor = cluster.fleet.node("hv1")
    start = hypervisor.start

    def start_and_fall_silent(xml: str) -> None:
        start(xml)
        hypervisor.hung = True
        hypervisor.check_answers()

    hypervisor.start = start_and_fall_silent  # type: ignore[method-assign]
    job = cluster.submit(StartVm(vm=uuid))
    cluster.await_true(lambda: hypervisor.hung, "libvirt falls silent")
    cluster.kill_worker("hv1")
    cluster.agents.pop("hv1").stop()
    assert cluster.service.cancel(job.id, ME, force=True).state == "cancelled"
    with pytest.raises(WrongState, match="may still run there"):
        cluster.submit(StartVm(vm=uuid))
    assert uuid in hypervisor.guests


def test_what_is_so_already_has_succeeded_before_it_began(cluster: DoorCluster) -> None:
    running, off = cluster.run_vm("vm1", "hv1"), cluster.define("vm2", "hv1")
    cluster.await_true(lambda: cluster.service.vm(running).seen_on == ("hv1",), "its node has reported it")
    for asked, words in (
        (StartVm(vm=running), "vm1 runs already, on hv1"),
        (StopVm(vm=off), "vm2 is stopped already"),
        (ShutdownVm(vm=off), "vm2 is stopped already"),
    ):
        job = cluster.submit(asked)
        assert (job.state, job.text, job.stage) == ("succeeded", words, "")
        assert cluster.service.job(job.id) == job
    with pytest.raises(WrongState, match="is not stopped") as caught:
        cluster.submit(UndefineVm(vm=running))
    assert caught.value.remedy
    check_sound(cluster)


def test_a_vm_no_node_has_room_for_is_not_started(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1", 9000)
    with pytest.raises(NoPlacement, match=r"hv1: .*hv2: .*hv3: "):
        cluster.submit(StartVm(vm=uuid))


def test_two_starts_that_together_do_not_fit_do_not_both_get_the_node(cluster: DoorCluster) -> None:
    vms = [cluster.define(f"vm{number}", "hv1", 2000) for number in range(3)]
    jobs = [cluster.submit(StartVm(vm=uuid)) for uuid in vms]
    assert all(cluster.finish(job).state == "succeeded" for job in jobs)
    assert sorted(cluster.where(uuid)[0] for uuid in vms) == ["hv1", "hv2", "hv3"]
    check_sound(cluster)


def test_a_stop_needs_no_guests_consent_and_a_shutdown_does(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(hypervisor={"shutdown_timeout_s": 0.3})
    deaf, other = cluster.run_vm("vm1", "hv1"), cluster.run_vm("vm2", "hv1")
    cluster.fleet.faults.deaf_guests.update({"vm1", "vm2"})
    refused = cluster.run(ShutdownVm(vm=deaf))
    assert refused.error is not None and refused.error.code == "GUEST_IGNORES_SHUTDOWN"
    assert "pvc vm stop vm1" in refused.error.remedy
    assert cluster.where(deaf) == ["hv1"] and cluster.service.vm(deaf).spec.state == "start"
    assert cluster.run(ShutdownVm(vm=other, then_stop=True)).state == "succeeded"
    assert cluster.run(StopVm(vm=deaf)).state == "succeeded"
    check_sound(cluster)
