"""A migration ends with the VM running in exactly one place, and the records saying so."""

from __future__ import annotations

import pytest
from cluster import DoorCluster
from engine_checks import check_sound, children_of

from pvc_core.errors import NoPlacement, NotFound, WrongState
from pvc_core.model.operations import FlushNode, MigrateVm, ReadyNode
from pvc_core.model.vm import MigrationMethod
from pvc_core.store import tree


def test_a_failed_migration_leaves_the_vm_where_it_ran_and_says_why(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.fail_migrations["vm1"] = 1
    job = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert job.state == "failed" and job.error is not None and job.error.code == "MIGRATION_FAILED"
    assert "unexpectedly failed" in job.text and "runs on hv1" in job.text
    assert cluster.where(uuid) == ["hv1"]
    check_sound(cluster)


def test_a_flush_tries_another_target_after_a_failure(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.fail_migrations["vm1"] = 1
    job = cluster.run(FlushNode(node="hv1"))
    first, second = children_of(cluster, job)
    assert (job.state, first.state, second.state) == ("succeeded", "failed", "succeeded")
    assert first.fields["target"] != second.fields["target"]
    assert cluster.where(uuid) == [second.fields["target"]]
    check_sound(cluster)


def test_when_every_migration_fails_the_node_is_not_called_flushed(cluster: DoorCluster) -> None:
    """The predecessor said `flushed`, with everybody aboard (fault 1)."""
    for number in range(3):
        cluster.run_vm(f"vm{number}", "hv1")
        cluster.fleet.faults.fail_migrations[f"vm{number}"] = 99
    job = cluster.run(FlushNode(node="hv1"))
    assert (job.state, cluster.service.node("hv1").state) == ("partial", "partial")
    left = {item["vm"]: item for item in job.result["left"]}
    assert set(left) == {"vm0", "vm1", "vm2"} and all(name in job.text for name in left)
    assert {item["code"] for item in left.values()} == {"MIGRATION_FAILED"}
    assert all("hv2" in item["message"] and "hv3" in item["message"] for item in left.values())
    assert all(item["remedy"] for item in left.values())
    check_sound(cluster)


def test_a_return_that_keeps_failing_gives_up_and_names_the_vm(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(FlushNode(node="hv1"))
    cluster.fleet.faults.fail_migrations["vm1"] = 99
    job = cluster.run(ReadyNode(node="hv1"))
    assert job.state == "partial"
    assert [(item["vm"], item["code"]) for item in job.result["left"]] == [("vm1", "MIGRATION_FAILED")]
    assert len(children_of(cluster, job)) <= 5 and cluster.where(uuid) != ["hv1"]
    assert cluster.service.node("hv1").state == "ready"
    check_sound(cluster)


def test_home_being_the_only_good_target_the_vm_goes_home(cluster: DoorCluster) -> None:
    """The predecessor shut it down instead (fault 7)."""
    uuid = cluster.run_vm("vm1", "hv1", autorestart=True)
    cluster.run(MigrateVm(vm=uuid, target="hv2"))
    cluster.run(FlushNode(node="hv3"))
    job = cluster.run(FlushNode(node="hv2"))
    assert job.state == "succeeded" and cluster.where(uuid) == ["hv1"]
    assert cluster.service.vm(uuid).spec.previous_node is None
    check_sound(cluster)


def test_a_forced_second_migration_keeps_the_home(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(MigrateVm(vm=uuid, target="hv2"))
    with pytest.raises(WrongState, match="away from its home hv1"):
        cluster.submit(MigrateVm(vm=uuid, target="hv3"))
    cluster.run(MigrateVm(vm=uuid, target="hv3", force=True))
    vm = cluster.service.vm(uuid).spec
    assert (vm.node, vm.previous_node) == ("hv3", "hv1")
    assert cluster.run(MigrateVm(vm=uuid, target="hv1")).state == "succeeded"
    assert cluster.service.vm(uuid).spec.previous_node is None
    check_sound(cluster)


def test_what_cannot_be_migrated_is_refused_before_anything_happens(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    stopped = cluster.define("vm2", "hv1")
    fixed = cluster.run_vm("vm3", "hv1", migration_method=MigrationMethod.NONE)
    big = cluster.run_vm("vm4", "hv1", 2500)
    cluster.run_vm("vm5", "hv2", 2500)
    bound = cluster.run_vm("vm6", "hv1", node_limit=("hv1",))
    refusals = [
        (MigrateVm(vm=uuid, target="hv1"), WrongState, "is on hv1 already"),
        (MigrateVm(vm=stopped), WrongState, "is stopped"),
        (MigrateVm(vm=fixed), WrongState, "migration method"),
        (MigrateVm(vm=uuid, target="hv9"), NotFound, "no node hv9"),
        (MigrateVm(vm="nobody"), NotFound, "no VM nobody"),
        (MigrateVm(vm=big, target="hv2"), NoPlacement, "MiB needed"),
        (MigrateVm(vm=bound), NoPlacement, "may run only on hv1"),
    ]
    before = cluster.service.store.names(tree.JOBS)
    for asked, kind, words in refusals:
        with pytest.raises(kind, match=words):
            cluster.submit(asked)
    assert cluster.service.store.names(tree.JOBS) == before
    check_sound(cluster)
