"""Restart, disable, crashes and paused guests, through jobs and agents as they are in the product."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster, MakeCluster
from engine_checks import await_job, check_sound

from pvc_core.decide.transitions import GuestPaused, VmDisabled
from pvc_core.errors import InvalidRequest, NotFound, WrongState
from pvc_core.model.job import Job
from pvc_core.model.metadata import MigrationMethod, OnShutdownTimeout
from pvc_core.model.operations import (
    DisableVm,
    FlushNode,
    MigrateVm,
    Operation,
    ReadyNode,
    RecoverVm,
    RestartVm,
    ShutdownVm,
    StartVm,
    StopVm,
    UndefineVm,
)
from pvc_core.store.look import look_at_cluster

QUICK = {"shutdown_timeout_s": 0.4, "crash": {"first_delay_s": 0.3, "max_delay_s": 0.5, "limit": 2}}
PATIENT = {"crash": {"first_delay_s": 600, "max_delay_s": 600}}


@pytest.fixture
def hasty(make_cluster: MakeCluster) -> DoorCluster:
    return make_cluster(hypervisor=QUICK)


def run_seen(cluster: DoorCluster, name: str, **options: object) -> str:
    uuid = cluster.run_vm(name, "hv1", **options)
    cluster.await_true(lambda: cluster.service.vm(uuid).seen == "running", "its node has reported it")
    settle(cluster, uuid)
    return uuid


def settle(cluster: DoorCluster, uuid: str) -> None:
    """Until what is reported is no older than the record."""

    def caught_up() -> bool:
        seen = look_at_cluster(cluster.service.store)
        return not seen.catching_up(seen.vms[uuid])

    cluster.await_true(caught_up, "the reports have caught up")


@pytest.mark.parametrize(
    ("operation", "off"), [(ShutdownVm, True), (DisableVm, True), (RestartVm, False), (MigrateVm, False)]
)
def test_a_guest_that_powers_off_just_before_it_is_asked_has_obeyed(
    hasty: DoorCluster, monkeypatch: pytest.MonkeyPatch, operation: type[Operation], off: bool
) -> None:
    uuid = run_seen(hasty, "vm1", migration_method=MigrationMethod.SHUTDOWN)
    node = hasty.fleet.node("hv1")
    ask = node.shutdown

    def too_late(asked: str) -> None:
        crash(hasty, asked, "shutdown")
        ask(asked)

    monkeypatch.setattr(node, "shutdown", too_late)
    job = hasty.run(operation.parse({"vm": uuid}))
    assert job.state == "succeeded", job.error
    assert (hasty.where(uuid) == []) == off


def crash(cluster: DoorCluster, uuid: str, reason: str = "failed") -> None:
    with cluster.fleet.lock:
        cluster.fleet.node("hv1").remove(uuid, reason)


def pause(cluster: DoorCluster, uuid: str) -> None:
    with cluster.fleet.lock:
        cluster.fleet.node("hv1").pause(uuid)
    cluster.await_true(lambda: cluster.service.vm(uuid).seen == "paused", "it is seen paused")


def recoveries(cluster: DoorCluster) -> list[Job]:
    return sorted(cluster.service.jobs(operation="vm.recover"), key=lambda job: job.id)


def await_recovery(cluster: DoorCluster, number: int = 1) -> Job:
    cluster.await_true(lambda: len(recoveries(cluster)) >= number, f"recovery {number} is submitted")
    return recoveries(cluster)[number - 1]


def codes(cluster: DoorCluster, uuid: str) -> list[str]:
    return [fault.code for fault in cluster.service.vm(uuid).faults]


def test_a_restart_ends_with_a_new_guest_on_the_same_node(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1")
    old = hasty.fleet.node("hv1").guests[uuid]
    assert hasty.run(RestartVm(vm="vm1")).result == {"vm": "vm1", "node": "hv1"}
    assert hasty.fleet.node("hv1").guests[uuid] is not old
    assert not hasty.service.jobs(operation="vm.adopt"), "the agent saw nothing amiss"
    check_sound(hasty)


def test_a_deaf_guest_is_restarted_only_by_who_may_stop_it(hasty: DoorCluster) -> None:
    plain, marked = run_seen(hasty, "vm1"), run_seen(hasty, "vm2", on_shutdown_timeout=OnShutdownTimeout.STOP)
    hasty.fleet.faults.deaf_guests.update({"vm1", "vm2"})
    guests = dict(hasty.fleet.node("hv1").guests)
    for uuid, asked, restarted in (
        (plain, RestartVm(vm="vm1"), False),
        (marked, RestartVm(vm="vm2", then_stop=False), False),
        (plain, RestartVm(vm="vm1", then_stop=True), True),
        (marked, RestartVm(vm="vm2"), True),
    ):
        job = hasty.run(asked)
        assert (job.state == "succeeded") is restarted, job
        assert (hasty.fleet.node("hv1").guests[uuid] is not guests[uuid]) is restarted
        if not restarted:
            assert job.error is not None and job.error.code == "GUEST_IGNORES_SHUTDOWN"
    assert hasty.run(RestartVm(vm="vm1", force=True)).state == "succeeded"
    check_sound(hasty)


def test_a_restart_that_cannot_start_again_is_a_fault_until_it_runs(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1")
    hasty.fleet.faults.refuse_starts["vm1"] = 1
    job = hasty.run(RestartVm(vm="vm1", force=True))
    assert job.error is not None and job.error.code == "RESTART_FAILED"
    assert codes(hasty, uuid) == ["VM_LEFT_DOWN"] and hasty.service.vm(uuid).spec.state == "stop"
    assert hasty.run(StartVm(vm="vm1")).state == "succeeded"
    assert codes(hasty, uuid) == []
    check_sound(hasty)


def test_the_request_says_how_long_a_guest_has_else_its_metadata(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(hypervisor={"shutdown_timeout_s": 500})
    cluster.run_vm("vm1", "hv1", shutdown_timeout_s=300)
    cluster.fleet.faults.deaf_guests.add("vm1")
    for asked, words in (
        (ShutdownVm(vm="vm1"), "it has 300 s"),
        (ShutdownVm(vm="vm1", timeout_s=7), "it has 7 s"),
    ):
        job = await_job(cluster, cluster.submit(asked), stage="asked")
        assert any(words in line.text for line in job.log)
        cluster.service.cancel(job.id, ME)
        cluster.finish(job)
    check_sound(cluster)


def test_a_crashed_guest_is_restarted_later_each_time_and_then_left(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1")
    for number, reason in ((1, "failed"), (2, "crashed")):
        crash(hasty, uuid, reason)
        job = await_recovery(hasty, number)
        assert (job.actor, hasty.finish(job).state) == ("agent@hv1", "succeeded")
        assert f"restart {number} of 2" in " ".join(line.text for line in hasty.service.job(job.id).log)
        hasty.await_true(lambda: hasty.where(uuid) == ["hv1"], "it runs again")
        settle(hasty, uuid)
    crash(hasty, uuid)
    last = hasty.finish(await_recovery(hasty, 3))
    assert last.error is not None and last.error.code == "CRASHED_TOO_OFTEN"
    vm = hasty.service.vm(uuid)
    assert (vm.spec.state, codes(hasty, uuid)) == ("stop", ["VM_LEFT_DOWN"])
    assert "crashed 3 times" in vm.faults[0].message and "pvc vm start vm1" in vm.faults[0].remedy
    assert hasty.run(StartVm(vm="vm1")).state == "succeeded"
    assert hasty.service.vm(uuid).spec.crashes == () and codes(hasty, uuid) == []
    check_sound(hasty)


def test_one_crash_makes_one_job_however_often_it_is_looked_at(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(hypervisor=PATIENT)
    uuid = run_seen(cluster, "vm1")
    cluster.workers.pop("hv1").stop()
    crash(cluster, uuid)
    await_recovery(cluster)
    settle(cluster, uuid)
    cluster.start_worker("hv1")
    await_job(cluster, recoveries(cluster)[0], stage="waiting")
    settle(cluster, uuid)
    assert len(recoveries(cluster)) == 1 and len(cluster.service.vm(uuid).spec.crashes) == 1
    (fault,) = cluster.service.status().faults
    assert (fault.code, cluster.service.status().health) == ("VM_CRASHED", "degraded")
    assert "restart 1 of 5" in fault.message and recoveries(cluster)[0].id in fault.remedy
    assert [one.code for one in cluster.service.vms()[0].faults] == ["VM_CRASHED"]


@pytest.mark.parametrize(
    ("asked", "state", "where"),
    [
        (StopVm(vm="vm1"), "stop", []),
        (ShutdownVm(vm="vm1"), "stop", []),
        (DisableVm(vm="vm1"), "disable", []),
        (StartVm(vm="vm1"), "start", ["hv1"]),
        (RestartVm(vm="vm1"), "start", ["hv1"]),
    ],
    ids=lambda value: value.name if isinstance(value, Operation) else None,
)
def test_a_restart_that_waits_for_its_time_makes_way(
    make_cluster: MakeCluster, asked: Operation, state: str, where: list[str]
) -> None:
    cluster = make_cluster(hypervisor=PATIENT)
    uuid = run_seen(cluster, "vm1")
    crash(cluster, uuid)
    job = await_job(cluster, await_recovery(cluster), state="waiting")
    assert job.waiting is not None and job.waiting.until is not None
    settle(cluster, uuid)
    assert cluster.run(asked).state == "succeeded"
    assert cluster.finish(job).state == "cancelled"
    assert (cluster.service.vm(uuid).spec.state, cluster.where(uuid)) == (state, where)
    check_sound(cluster)


def test_a_recovery_asked_for_on_an_old_look_does_nothing(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1")
    job = hasty.run(RecoverVm(vm=uuid, crash="its QEMU process died"))
    assert (job.state, job.text) == ("succeeded", "vm1 runs on hv1")
    assert hasty.service.vm(uuid).spec.crashes == ()
    hasty.run(StopVm(vm=uuid))
    with pytest.raises(WrongState, match="is stopped"):
        hasty.submit(RecoverVm(vm=uuid, crash="its QEMU process died"))
    check_sound(hasty)


def test_the_remains_of_a_crash_are_cleared_before_a_start(hasty: DoorCluster) -> None:
    """As `on_crash: preserve` has it: the domain is still shown, and stands in the way."""
    uuid = run_seen(hasty, "vm1")
    with hasty.fleet.lock:
        guest = hasty.fleet.node("hv1").guests[uuid]
        guest.domain = guest.domain.but(state="crashed", reason="panicked")
    assert hasty.finish(await_recovery(hasty)).state == "succeeded"
    assert hasty.where(uuid) == ["hv1"] and hasty.fleet.node("hv1").guests[uuid] is not guest
    check_sound(hasty)


def test_a_paused_guest_is_named_and_left_and_let_run_on(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1", autorestart=True)
    pause(hasty, uuid)
    vm = hasty.service.vm(uuid)
    assert (vm.seen, vm.seen_why, codes(hasty, uuid)) == ("paused", "I/O error", ["VM_PAUSED"])
    for asked in (ShutdownVm(vm="vm1"), RestartVm(vm="vm1"), MigrateVm(vm="vm1")):
        with pytest.raises(GuestPaused) as caught:
            hasty.submit(asked)
        assert "pvc vm start vm1" in caught.value.remedy
    flushed = hasty.run(FlushNode(node="hv1"))
    assert flushed.state == "partial" and flushed.result["left"][0]["code"] == "GUEST_PAUSED"
    assert uuid in hasty.fleet.node("hv1").guests
    hasty.fleet.faults.stuck_guests.add("vm1")
    failed = hasty.run(StartVm(vm="vm1"))
    assert failed.error is not None and failed.error.code == "GUEST_PAUSED"
    hasty.fleet.faults.stuck_guests.clear()
    assert hasty.run(StartVm(vm="vm1")).state == "succeeded"
    check_sound(hasty)


def test_a_guest_that_stands_still_again_at_once_is_not_said_to_run(hasty: DoorCluster) -> None:
    """Its disk is still full: what could not be written is written again as soon as it runs."""
    uuid = run_seen(hasty, "vm1")
    pause(hasty, uuid)
    job = hasty.submit(StartVm(vm="vm1"))
    hasty.await_true(lambda: hasty.service.job(job.id).stage == "resuming", "it was let run on")
    with hasty.fleet.lock:
        hasty.fleet.node("hv1").pause(uuid)
    failed = hasty.finish(job)
    assert failed.error is not None and failed.error.code == "GUEST_PAUSED"
    assert uuid in hasty.fleet.node("hv1").guests


def test_a_paused_guest_goes_only_when_that_is_asked(hasty: DoorCluster) -> None:
    first, second = run_seen(hasty, "vm1"), run_seen(hasty, "vm2")
    for uuid in (first, second):
        pause(hasty, uuid)
    assert hasty.run(RestartVm(vm="vm2", force=True)).state == "succeeded"
    assert hasty.where(second) == ["hv1"]
    assert hasty.run(StopVm(vm="vm1")).state == "succeeded"
    check_sound(hasty)


def test_a_disabled_vm_is_started_by_its_admin_alone(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1", autorestart=True)
    job = hasty.run(DisableVm(vm="vm1"))
    assert job.state == "succeeded" and "asking vm1 to power off" in job.log[0].text
    assert hasty.submit(DisableVm(vm="vm1")).text == "vm1 is disabled already"
    hasty.run(FlushNode(node="hv1"))
    hasty.run(ReadyNode(node="hv1"))
    with pytest.raises(VmDisabled):
        hasty.submit(StartVm(vm="vm1", recover=True))
    with pytest.raises(VmDisabled):
        hasty.submit(RestartVm(vm="vm1"))
    assert (hasty.where(uuid), hasty.service.vm(uuid).spec.state) == ([], "disable")
    assert hasty.run(StopVm(vm="vm1")).state == "succeeded"
    assert hasty.service.vm(uuid).spec.state == "stop"
    hasty.run(DisableVm(vm="vm1"))
    assert hasty.run(StartVm(vm="vm1")).state == "succeeded"
    check_sound(hasty)


def test_a_deaf_guest_is_disabled_only_by_force(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1")
    hasty.fleet.faults.deaf_guests.add("vm1")
    job = hasty.run(DisableVm(vm="vm1", timeout_s=1))
    assert job.error is not None and job.error.code == "GUEST_IGNORES_SHUTDOWN"
    assert (hasty.where(uuid), hasty.service.vm(uuid).spec.state) == (["hv1"], "start")
    assert hasty.run(DisableVm(vm="vm1", timeout_s=1, then_stop=True)).state == "succeeded"
    assert hasty.run(StartVm(vm="vm1")).state == "succeeded"
    assert hasty.run(DisableVm(vm="vm1", force=True)).state == "succeeded"
    assert (hasty.where(uuid), hasty.service.vm(uuid).spec.state) == ([], "disable")
    check_sound(hasty)


def test_a_disabling_that_is_cancelled_leaves_the_guest_running(hasty: DoorCluster) -> None:
    uuid = run_seen(hasty, "vm1")
    hasty.fleet.faults.deaf_guests.add("vm1")
    job = hasty.submit(DisableVm(vm="vm1"))
    await_job(hasty, job, stage="asked")
    hasty.service.cancel(job.id, ME)
    job = hasty.finish(job)
    assert job.state == "cancelled" and "may yet power off" in job.text
    assert (hasty.where(uuid), hasty.service.vm(uuid).spec.state) == (["hv1"], "start")
    check_sound(hasty)


def test_what_is_off_can_be_disabled_and_forgotten_although_its_node_is_gone(hasty: DoorCluster) -> None:
    hasty.define("vm1", "hv1")
    hasty.agents.pop("hv1").stop()
    hasty.kill_worker("hv1")
    hasty.await_true(lambda: not hasty.service.node("hv1").alive, "hv1 is gone")
    assert hasty.run(DisableVm(vm="vm1")).state == "succeeded"
    assert hasty.service.vm("vm1").spec.state == "disable"
    assert hasty.submit(UndefineVm(vm="vm1")).state == "succeeded"


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        (RestartVm, {"vm": "vm1", "timeout_s": 0}),
        (RestartVm, {"vm": "vm1", "force": "false"}),
        (RestartVm, {"vm": "vm1", "then_stop": "yes"}),
        (RestartVm, {"vm": "../vm1"}),
        (DisableVm, {"vm": "vm1", "force": 1}),
        (DisableVm, {"vm": "vm1", "forced": True}),
        (DisableVm, {}),
    ],
)
def test_bad_requests_are_named(operation: type[Operation], fields: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        operation.parse(fields)


def test_nobody_is_restarted_or_disabled(cluster: DoorCluster) -> None:
    for asked in (RestartVm(vm="nobody"), DisableVm(vm="nobody")):
        with pytest.raises(NotFound):
            cluster.submit(asked)
