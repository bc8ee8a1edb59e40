"""Moving VMs under pressure, for good, home, and by shutting them down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cluster import DoorCluster
from engine_checks import await_job, check_sound, children_of

from pvc_core.errors import InvalidRequest, NotFound, WrongState
from pvc_core.model.operations import FlushNode, MigrateVm, MoveVm, ShutdownVm, UnmigrateVm
from pvc_core.model.vm import MigrationMethod
from pvc_core.store import tree


def words(job: Any) -> str:
    return "\n".join(line.text for line in job.log)


def test_a_busy_guest_stays_at_its_deadline_and_the_task_says_why(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.busy_guests["vm1"] = 50_000
    job = cluster.run(MigrateVm(vm=uuid, target="hv2", deadline_s=4, bandwidth_mib_s=64))
    assert job.error is not None and job.error.code == "MIGRATION_TOO_SLOW"
    assert "are sent" in job.error.message and "post-copy" in job.error.remedy
    assert cluster.where(uuid) == ["hv1"] and cluster.service.vm(uuid).spec.moving_to is None
    check_sound(cluster)


def test_post_copy_finishes_it_where_it_is_allowed(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1", post_copy=True)
    cluster.fleet.faults.busy_guests["vm1"] = 50_000
    job = cluster.run(MigrateVm(vm=uuid, target="hv2", deadline_s=8, bandwidth_mib_s=64))
    assert job.state == "succeeded" and "finishing by post-copy" in words(job)
    assert cluster.where(uuid) == ["hv2"]
    check_sound(cluster)


def test_a_flush_names_the_vm_that_did_not_converge(tmp_path: Path) -> None:
    """Another target would not help, so none is tried."""
    hypervisor = {"migration": {"deadline_s": 1}}
    cluster = DoorCluster(tmp_path, hypervisor=hypervisor).start()
    try:
        cluster.run_vm("vm1", "hv1")
        cluster.fleet.faults.slow_migrations["vm1"] = 3600
        job = cluster.run(FlushNode(node="hv1"))
        assert [(item["vm"], item["code"]) for item in job.result["left"]] == [("vm1", "MIGRATION_TOO_SLOW")]
        assert len(children_of(cluster, job)) == 1
        check_sound(cluster)
    finally:
        cluster.stop()


def test_home_again_and_for_good(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert cluster.run(UnmigrateVm(vm=uuid)).state == "succeeded"
    assert cluster.where(uuid) == ["hv1"] and cluster.service.vm(uuid).spec.previous_node is None
    cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert cluster.run(MoveVm(vm=uuid, target="hv2")).state == "succeeded"
    assert cluster.service.vm(uuid).spec.previous_node is None and cluster.where(uuid) == ["hv2"]
    assert cluster.run(MoveVm(vm=uuid, target="hv3")).state == "succeeded"
    vm = cluster.service.vm(uuid).spec
    assert (vm.node, vm.previous_node) == ("hv3", None)
    check_sound(cluster)


def test_moved_by_shutting_it_down(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1", migration_method=MigrationMethod.SHUTDOWN)
    job = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert job.state == "succeeded" and job.result["method"] == "shutdown"
    assert cluster.where(uuid) == ["hv2"]
    vm = cluster.service.vm(uuid).spec
    assert (vm.node, vm.previous_node, vm.state) == ("hv2", "hv1", "start")
    check_sound(cluster)


def test_what_crashes_while_it_is_shut_down_leaves_nothing_behind(cluster: DoorCluster) -> None:
    """As `on_crash: preserve` has it, libvirt keeps the remains, and what they have open."""
    uuid = cluster.run_vm("vm1", "hv1", migration_method=MigrationMethod.SHUTDOWN)
    cluster.fleet.faults.deaf_guests.add("vm1")
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_job(cluster, job, stage="asked")
    hv1 = cluster.fleet.node("hv1")
    with cluster.fleet.lock:
        hv1.guests[uuid].domain = hv1.guests[uuid].domain.but(state="crashed", reason="panicked")
    assert cluster.finish(job).state == "succeeded"
    assert cluster.where(uuid) == ["hv2"] and hv1.domain(uuid) is None
    check_sound(cluster)


def test_live_for_once_where_the_method_is_shutdown(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1", migration_method=MigrationMethod.SHUTDOWN)
    for asked in (MigrateVm(vm=uuid, target="hv2"), UnmigrateVm(vm=uuid), MoveVm(vm=uuid, target="hv3")):
        job = cluster.run(asked.model_copy(update={"force_live": True}))
        assert job.state == "succeeded" and "method" not in job.result, job
    assert cluster.where(uuid) == ["hv3"]
    assert cluster.service.vm(uuid).spec.migration_method is MigrationMethod.SHUTDOWN
    fixed = cluster.run_vm("vm2", "hv1", migration_method=MigrationMethod.NONE)
    with pytest.raises(WrongState, match="never moved"):
        cluster.submit(MigrateVm(vm=fixed, target="hv2", force_live=True))
    check_sound(cluster)


def test_what_the_target_cannot_start_runs_again_where_it_was(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1", migration_method=MigrationMethod.SHUTDOWN)
    cluster.fleet.faults.refuse_starts["vm1"] = 1
    job = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert job.error is not None and job.error.code == "NOT_MOVED_BY_SHUTDOWN"
    assert cluster.where(uuid) == ["hv1"]
    vm = cluster.service.vm(uuid).spec
    assert (vm.node, vm.previous_node) == ("hv1", None)
    check_sound(cluster)


def test_what_starts_nowhere_is_recorded_as_stopped_and_says_so(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1", migration_method=MigrationMethod.SHUTDOWN)
    cluster.fleet.faults.refuse_starts["vm1"] = 2
    job = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert job.state == "failed" and "is off" in job.text
    assert cluster.service.vm(uuid).spec.state == "stop" and cluster.where(uuid) == []
    check_sound(cluster)


def test_bad_requests_change_nothing(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    off = cluster.run_vm("vm2", "hv1")
    cluster.run(ShutdownVm(vm=off))
    fixed = cluster.run_vm("vm3", "hv1", migration_method=MigrationMethod.NONE)
    before = cluster.service.store.names(tree.JOBS)
    refusals: list[tuple[Any, type[Exception], str]] = [
        (UnmigrateVm(vm=uuid), WrongState, "at home"),
        (MoveVm(vm=uuid, target="hv1"), WrongState, "is on hv1 already"),
        (MoveVm(vm=uuid, target="hv9"), NotFound, "no node hv9"),
        (MoveVm(vm=off, target="hv1"), WrongState, "on hv1 already"),
        (UnmigrateVm(vm=off), WrongState, "stopped"),
        (UnmigrateVm(vm="nobody"), NotFound, "no VM nobody"),
        (MigrateVm(vm=fixed, target="hv2"), WrongState, "never moved"),
    ]
    for asked, kind, text in refusals:
        with pytest.raises(kind, match=text):
            cluster.submit(asked)
    assert cluster.service.store.names(tree.JOBS) == before
    check_sound(cluster)


@pytest.mark.parametrize(
    "fields",
    [
        {"deadline_s": 0},
        {"deadline_s": "60"},
        {"deadline_s": 10**9},
        {"bandwidth_mib_s": 0},
        {"bandwidth_mib_s": -1},
        {"bandwidth_mib_s": 1.5},
        {"then_stop": "false"},
        {"target": "no such name!"},
        {"speed": 3},
    ],
)
def test_bounds_are_kept(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        MoveVm.parse({"vm": "vm1", **fields})
    assert next(iter(fields)) in str(caught.value.message)
