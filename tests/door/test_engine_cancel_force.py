"""Cancelling a job whose worker is gone: by the records alone, and with all its children."""

from __future__ import annotations

from math import inf

import pytest
from cluster import ME, DoorCluster
from engine_checks import await_job, await_moving, check_explained, check_sound, children_of

from pvc_core.errors import WrongState
from pvc_core.model.operations import FlushNode, MigrateVm, ReadyNode
from pvc_core.store import tree


def end_migrations(cluster: DoorCluster, *uuids: str) -> None:
    """As libvirt may at any time; the agent that sees the VMs then settles their records."""
    for uuid in uuids:
        cluster.fleet.node("hv1").abort_migration(uuid)
    cluster.await_true(
        lambda: not any(cluster.service.vm(uuid).spec.moving_to for uuid in uuids), "the records are settled"
    )


def test_a_migration_whose_worker_is_gone_is_cancelled_by_force_alone(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    with pytest.raises(WrongState, match="worker of hv1 is there"):
        cluster.service.cancel(job.id, ME, force=True)
    cluster.kill_worker("hv1")
    asked = cluster.service.cancel(job.id, ME)
    assert asked.state == "cancelling"
    check_explained(cluster.service.job(job.id))
    ended = cluster.service.cancel(job.id, ME, force=True)
    assert ended.state == "cancelled" and "unknown" in ended.text
    assert cluster.service.store.names(tree.LOCKS) == ()
    cluster.await_true(
        lambda: [fault.code for fault in cluster.service.vm(uuid).faults] == ["VM_UNSETTLED"], "it is named"
    )
    end_migrations(cluster, uuid)


def test_a_cancel_given_while_the_worker_is_gone_is_obeyed_when_it_returns(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = inf
    job = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    cluster.kill_worker("hv1")
    cluster.service.cancel(job.id, ME)
    cluster.start_worker("hv1")
    assert cluster.finish(job).state == "cancelled"
    assert cluster.where(uuid) == ["hv1"] and not cluster.fleet.node("hv1").moves
    check_sound(cluster)


def test_a_flush_cancelled_by_force_leaves_no_child_to_move_vms_when_the_worker_returns(
    cluster: DoorCluster,
) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(6)]
    for number in range(6):
        cluster.fleet.faults.slow_migrations[f"vm{number}"] = inf
    job = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster, 4)
    cluster.kill_worker("hv1")
    assert cluster.service.cancel(job.id, ME, force=True).state == "cancelled"
    assert cluster.service.node("hv1").state == "ready"
    cluster.start_worker("hv1")
    cluster.await_true(lambda: not cluster.service.jobs(state="unfinished"), "nothing is left of the flush")
    assert [child.state for child in children_of(cluster, job)] == ["cancelled"] * 4
    assert all(cluster.where(uuid) == ["hv1"] for uuid in vms)
    end_migrations(cluster, *vms)
    check_sound(cluster)


def test_a_return_can_be_cancelled_although_a_worker_it_needs_is_gone(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.run(FlushNode(node="hv1"))
    (away,) = cluster.where(uuid)
    cluster.kill_worker(away)
    job = cluster.submit(ReadyNode(node="hv1"))
    await_job(cluster, job, state="waiting", stage="returning")
    check_explained(cluster.service.job(job.id))
    cluster.service.cancel(job.id, ME)
    assert cluster.finish(job).state == "cancelled"
    assert cluster.where(uuid) == [away]
    check_sound(cluster)
