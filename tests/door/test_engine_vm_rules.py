"""Defining, starting, stopping and forgetting a VM: what is done, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cluster import ME, DoorCluster, domain_xml
from engine_checks import await_job, await_moving, check_sound

from pvc_core.errors import (
    AlreadyExists,
    InvalidRequest,
    InvalidXml,
    LockedByJob,
    NoPlacement,
    NotFound,
    WrongState,
)
from pvc_core.model.operations import (
    DefineVm,
    FlushNode,
    MigrateVm,
    ShutdownVm,
    StartVm,
    StopVm,
    UndefineVm,
)
from pvc_core.store import tree

MakeCluster = Callable[..., DoorCluster]
UUID = "11111111-2222-4333-8444-555555555555"


def test_a_vm_is_defined_in_one_step_and_recorded_as_a_finished_job(cluster: DoorCluster) -> None:
    job = cluster.submit(DefineVm(xml=domain_xml("vm1", uuid=UUID), node="hv2"))
    assert (job.state, job.result["uuid"], job.result["node"]) == ("succeeded", UUID, "hv2")
    vm = cluster.service.vm("vm1")
    assert (vm.spec.uuid, vm.spec.state, vm.seen, vm.spec.memory_mib) == (UUID, "stop", "off", 128)
    assert cluster.service.vm(UUID.upper()).spec == vm.spec
    assert cluster.service.jobs(subject="vm:vm1")[0].id == job.id


@pytest.mark.parametrize(
    ("xml", "kind"),
    [
        ("<domain", InvalidXml),
        ("<domain><memory>1</memory></domain>", InvalidXml),
        ("<domain><name>x</name></domain>", InvalidXml),
        ("<domain><name>a/b</name><memory>99</memory></domain>", InvalidXml),
        (domain_xml("taken"), AlreadyExists),
        (domain_xml("other", uuid=UUID), AlreadyExists),
    ],
)
def test_what_cannot_be_defined_changes_nothing(
    cluster: DoorCluster, xml: str, kind: type[Exception]
) -> None:
    cluster.submit(DefineVm(xml=domain_xml("taken", uuid=UUID)))
    names = [tree.VMS, tree.VM_NAMES, tree.JOBS]
    before = [cluster.service.store.names(path) for path in names]
    with pytest.raises(kind):
        cluster.submit(DefineVm(xml=xml))
    assert [cluster.service.store.names(path) for path in names] == before


def test_a_vm_is_not_defined_where_it_is_unknown_or_forbidden_to_run(cluster: DoorCluster) -> None:
    for asked, kind in (
        (DefineVm(xml=domain_xml("vm1"), node="hv9"), NotFound),
        (DefineVm(xml=domain_xml("vm1"), node_limit=("hv1", "hv9")), NotFound),
        (DefineVm(xml=domain_xml("vm1"), node="hv1", node_limit=("hv2",)), InvalidRequest),
    ):
        with pytest.raises(kind):
            cluster.submit(asked)
    assert cluster.service.vms() == []


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


def test_what_runs_is_not_started_and_what_is_off_is_not_stopped(cluster: DoorCluster) -> None:
    running, off = cluster.run_vm("vm1", "hv1"), cluster.define("vm2", "hv1")
    cluster.await_true(lambda: cluster.service.vm(running).seen_on == ("hv1",), "its node has reported it")
    for asked, words in (
        (StartVm(vm=running), "runs already, on hv1"),
        (StopVm(vm=off), "is stopped already"),
        (ShutdownVm(vm=off), "is stopped already"),
        (UndefineVm(vm=running), "is not stopped"),
    ):
        with pytest.raises(WrongState, match=words) as caught:
            cluster.submit(asked)
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


def test_a_forgotten_vm_leaves_nothing_behind_and_its_name_is_free(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(StopVm(vm=uuid))
    assert cluster.submit(UndefineVm(vm="vm1")).state == "succeeded"
    with pytest.raises(NotFound):
        cluster.service.vm("vm1")
    assert cluster.service.store.names(tree.VMS) == cluster.service.store.names(tree.VM_NAMES) == ()
    cluster.define("vm1", "hv2")
    check_sound(cluster)


def test_a_vm_a_job_is_at_work_on_is_not_forgotten(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 0.4
    move = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    with pytest.raises(LockedByJob, match=move.id):
        cluster.submit(UndefineVm(vm=uuid))
    await_job(cluster, move, state="succeeded")
    check_sound(cluster)
