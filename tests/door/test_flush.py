"""Flush and unflush through the whole stack in one process."""

from __future__ import annotations

from cluster import DoorCluster

from pvc_core.model.operations import FlushNode, ReadyNode


def test_a_flushed_node_is_empty_and_its_vms_run_elsewhere(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(6)]
    job = cluster.run(FlushNode(node="hv1"))
    assert job.state == "succeeded", job
    assert cluster.service.node("hv1").state == "flushed"
    assert all(len(cluster.where(uuid)) == 1 and cluster.where(uuid) != ["hv1"] for uuid in vms)
    assert job.progress.done == job.progress.total == 6


def test_ready_brings_the_vms_home(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(4)]
    cluster.run(FlushNode(node="hv1"))
    job = cluster.run(ReadyNode(node="hv1"))
    assert job.state == "succeeded", job
    assert all(cluster.where(uuid) == ["hv1"] for uuid in vms)
    assert all(cluster.service.vm(uuid).spec.previous_node is None for uuid in vms)
