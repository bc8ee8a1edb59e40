"""P4 and P5: who cannot leave is named, nobody is stopped by surprise, and `flushed` is a proof."""

from __future__ import annotations

import pytest
from cluster import DoorCluster, MakeCluster, domain_xml
from engine_checks import await_job, await_moving, check_sound

from pvc_core.errors import NotFound, WrongState
from pvc_core.model.operations import FlushNode, MigrateVm, ReadyNode
from pvc_core.model.operations.node import OnBlocked

HASTY = {"hypervisor": {"shutdown_timeout_s": 0.3}}


def test_a_bound_vm_stays_running_and_is_named_with_code_and_remedy(cluster: DoorCluster) -> None:
    bound = cluster.run_vm("vm1", "hv1", node_limit=("hv1",))
    free = cluster.run_vm("vm2", "hv1")
    job = cluster.run(FlushNode(node="hv1"))
    (left,) = job.result["left"]
    assert (job.state, job.result["moved"]) == ("partial", 1)
    assert (left["vm"], left["node"], left["code"]) == ("vm1", "hv1", "NODE_LIMIT")
    assert "Widen the limit" in left["remedy"]
    assert (cluster.where(bound), len(cluster.where(free))) == (["hv1"], 1)
    assert cluster.service.node("hv1").state == "partial"
    assert "NODE_PARTIAL" in {fault.code for fault in cluster.service.status().faults}
    check_sound(cluster)


def test_a_partial_flush_can_be_repeated_and_taken_back(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1", node_limit=("hv1",))
    cluster.run_vm("vm2", "hv1")
    for _ in range(2):
        assert cluster.run(FlushNode(node="hv1")).state == "partial"
    assert cluster.run(ReadyNode(node="hv1")).state == "succeeded"
    assert cluster.service.node("hv1").state == "ready"
    check_sound(cluster)


def test_autorestart_is_shut_down_by_the_flush_and_started_by_the_return(cluster: DoorCluster) -> None:
    bound = cluster.run_vm("vm1", "hv1", node_limit=("hv1",), autorestart=True)
    flush = cluster.run(FlushNode(node="hv1"))
    assert flush.state == "succeeded"
    vm = cluster.service.vm(bound).spec
    assert (vm.state, vm.restart_on_ready, cluster.where(bound)) == ("stop", "hv1", [])
    assert cluster.run(ReadyNode(node="hv1")).state == "succeeded"
    vm = cluster.service.vm(bound).spec
    assert (vm.state, vm.restart_on_ready, cluster.where(bound)) == ("start", None, ["hv1"])
    check_sound(cluster)


def test_on_blocked_shutdown_stops_whom_it_must_and_does_not_start_them_again(cluster: DoorCluster) -> None:
    bound = cluster.run_vm("vm1", "hv1", node_limit=("hv1",))
    free = cluster.run_vm("vm2", "hv1")
    assert cluster.run(FlushNode(node="hv1", on_blocked=OnBlocked.SHUTDOWN)).state == "succeeded"
    assert (cluster.where(bound), len(cluster.where(free))) == ([], 1)
    assert cluster.run(ReadyNode(node="hv1")).state == "succeeded"
    assert cluster.where(bound) == []
    check_sound(cluster)


def test_a_guest_that_ignores_acpi_is_left_running_and_named(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(**HASTY)
    deaf = cluster.run_vm("vm1", "hv1", node_limit=("hv1",), autorestart=True)
    cluster.fleet.faults.deaf_guests.add("vm1")
    job = cluster.run(FlushNode(node="hv1"))
    assert [(item["vm"], item["code"]) for item in job.result["left"]] == [("vm1", "GUEST_IGNORES_SHUTDOWN")]
    assert (job.state, cluster.where(deaf)) == ("partial", ["hv1"])
    check_sound(cluster)


def test_on_blocked_stop_stops_even_that_one(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(**HASTY)
    deaf = cluster.run_vm("vm1", "hv1", node_limit=("hv1",))
    cluster.fleet.faults.deaf_guests.add("vm1")
    job = cluster.run(FlushNode(node="hv1", on_blocked=OnBlocked.STOP))
    assert (job.state, cluster.where(deaf)) == ("succeeded", [])
    check_sound(cluster)


def test_no_room_anywhere_leaves_the_rest_and_says_how_much_is_missing(cluster: DoorCluster) -> None:
    for number in range(3):
        cluster.run_vm(f"vm{number}", "hv1", 1100)
    for node in ("hv2", "hv3"):
        cluster.run_vm(f"big-{node}", node, 2000)
    job = cluster.run(FlushNode(node="hv1"))
    (left,) = job.result["left"]
    assert (job.state, job.result["moved"], left["code"]) == ("partial", 2, "NOT_ENOUGH_MEMORY")
    assert "1100 MiB needed" in left["message"] and "Free " in left["remedy"]
    check_sound(cluster)


def test_a_domain_that_runs_there_against_the_records_spoils_the_proof(cluster: DoorCluster) -> None:
    for agent in cluster.agents.values():
        agent.reporter._corrector.put_right = lambda *_: None  # type: ignore[method-assign]
    uuid = cluster.define("vm1", "hv2")
    cluster.fleet.node("hv1").start(domain_xml("vm1", uuid=uuid))
    job = cluster.run(FlushNode(node="hv1"))
    assert [(item["vm"], item["code"]) for item in job.result["left"]] == [("vm1", "STILL_RUNNING")]
    assert (job.state, cluster.service.node("hv1").state) == ("partial", "partial")


def test_a_stranger_that_no_record_knows_is_no_obstacle(cluster: DoorCluster) -> None:
    cluster.fleet.node("hv1").start(domain_xml("stranger"))
    assert cluster.run(FlushNode(node="hv1")).state == "succeeded"


def test_a_migration_of_somebody_else_is_waited_for(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 0.5
    move = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    flush = await_job(cluster, cluster.submit(FlushNode(node="hv1")), state="waiting")
    assert flush.waiting is not None and move.id in flush.waiting.text
    assert cluster.finish(flush).state == "succeeded"
    assert cluster.service.job(move.id).state == "succeeded"
    check_sound(cluster)


def test_what_cannot_be_flushed_or_readied_is_refused(cluster: DoorCluster) -> None:
    cluster.run(FlushNode(node="hv3"))
    cluster.agents.pop("hv2").stop()
    cluster.await_true(lambda: not cluster.service.node("hv2").alive, "hv2 is dead")
    refusals = [
        (FlushNode(node="hv9"), NotFound, "no node hv9"),
        (FlushNode(node="hv2"), WrongState, "does not answer"),
        (FlushNode(node="hv3"), WrongState, "flushed already"),
        (ReadyNode(node="hv9"), NotFound, "no node hv9"),
        (ReadyNode(node="hv2"), WrongState, "does not answer"),
        (ReadyNode(node="hv1"), WrongState, "none of its VMs is away"),
    ]
    for asked, kind, words in refusals:
        for door in (cluster.submit, cluster.service.plan):
            with pytest.raises(kind, match=words) as caught:
                door(asked)
            assert caught.value.remedy


def test_a_dry_run_tells_the_plan_and_changes_nothing(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run_vm("vm2", "hv1", node_limit=("hv1",))
    plan = cluster.service.plan(FlushNode(node="hv1", dry_run=True))
    assert [(step["do"], step["vm"]) for step in plan.steps] == [("move", "vm1")]
    assert plan.steps[0]["reason"] and plan.steps[0]["target"] in ("hv2", "hv3")
    assert [(left["vm"], left["code"]) for left in plan.blocked] == [("vm2", "NODE_LIMIT")]
    assert cluster.where(uuid) == ["hv1"] and cluster.service.node("hv1").state == "ready"
