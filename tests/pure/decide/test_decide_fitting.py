"""Sizes that no node of the cluster can run."""

from __future__ import annotations

from decide_builders import a_cluster, a_node, a_vm

from pvc_core.decide.fitting import find_size_cautions


def test_a_vm_that_some_node_can_run_is_no_reason_to_warn() -> None:
    nodes = [a_node("hv1"), a_node("hv2", memory=1000), a_node("hv3", reported=False)]
    assert find_size_cautions(a_cluster(nodes), a_vm(1, memory=4096)) == ()


def test_more_than_the_largest_node_has_is_said() -> None:
    cluster = a_cluster([a_node("hv1", memory=1000, reserved_memory_mib=96), a_node("hv2", memory=900)])
    cpus = cluster.node("hv1").report.capacity.vcpus  # type: ignore[union-attr]
    found = find_size_cautions(cluster, a_vm(1, memory=905, vcpus=cpus + 1))
    assert found == (
        f"{cpus + 1} vCPUs: no node has more than {cpus} CPUs",
        "905 MiB of memory: no node has more than 904 MiB for VMs",
    )


def test_where_no_node_has_reported_nothing_can_be_said() -> None:
    assert find_size_cautions(a_cluster([a_node("hv1", reported=False)]), a_vm(1, memory=10**6)) == ()
