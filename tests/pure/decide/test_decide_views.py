"""What people are shown: wanted joined with seen, and what is wrong with it."""

from __future__ import annotations

import pytest
from decide_builders import a_cluster, a_domain, a_node, a_vm, uuid_of

from pvc_core.decide.health import find_faults, judge
from pvc_core.decide.views import view_node, view_vm
from pvc_core.model.node import NodeState
from pvc_core.model.snapshot import Cluster, Node
from pvc_core.model.views import VmView
from pvc_core.model.vm import VmSpec, Wanted


def view(vm: VmSpec, *nodes: Node, job: str | None = None) -> VmView:
    return view_vm(a_cluster(nodes, [vm]), vm, job)


def codes(seen: VmView) -> list[str]:
    assert all(fault.subject == "vm vm1" and fault.message and fault.remedy for fault in seen.faults)
    return [fault.code for fault in seen.faults]


def test_a_vm_where_it_should_be_has_no_fault() -> None:
    seen = view(a_vm(1), a_node("hv1", domains=[a_domain(1)]), a_node("hv2"))
    assert (seen.seen, seen.seen_on, codes(seen)) == ("running", ("hv1",), [])


def test_two_copies_are_named_with_both_nodes() -> None:
    seen = view(a_vm(1), a_node("hv1", domains=[a_domain(1)]), a_node("hv2", domains=[a_domain(1)]))
    assert (seen.seen_on, codes(seen)) == (("hv1", "hv2"), ["VM_TWICE"])
    assert "hv1 and hv2" in seen.faults[0].message


def test_a_vm_that_should_run_and_does_not_is_down() -> None:
    seen = view(a_vm(1), a_node("hv1"))
    assert (seen.seen, codes(seen)) == ("off", ["VM_DOWN"])
    assert seen.faults[0].remedy == "pvc vm start vm1"


def test_a_vm_that_should_be_off_and_runs_is_up() -> None:
    assert codes(view(a_vm(1, state=Wanted.STOP), a_node("hv1", domains=[a_domain(1)]))) == ["VM_UP"]


def test_a_vm_that_runs_elsewhere_than_recorded_is_named_with_both_places() -> None:
    seen = view(a_vm(1), a_node("hv1"), a_node("hv2", domains=[a_domain(1)]))
    assert (seen.seen, codes(seen)) == ("running", ["VM_ELSEWHERE"])
    assert "recorded on hv1 and runs on hv2" in seen.faults[0].message


@pytest.mark.parametrize(
    "node", [a_node("hv1", alive=False, domains=[a_domain(1)]), a_node("hv1", reported=False)]
)
def test_a_vm_on_a_silent_node_is_unknown_and_never_called_off(node: Node) -> None:
    seen = view(a_vm(1), node)
    assert (seen.seen, seen.seen_on, codes(seen)) == ("unknown", (), ["VM_UNKNOWN"])


def test_a_vm_whose_node_nobody_knows_is_unknown() -> None:
    assert view(a_vm(1, "hv9"), a_node("hv1")).seen == "unknown"


JOB = "20260101t120000-aaaaaaaa"


def test_a_vm_that_a_job_holds_is_not_complained_about() -> None:
    arriving = a_node("hv2", domains=[a_domain(1, "paused")])
    source = a_node("hv1", domains=[a_domain(1)])
    assert codes(view(a_vm(1, moving_to="hv2"), source, arriving, job=JOB)) == []
    assert codes(view(a_vm(1), a_node("hv1"), job=JOB)) == []


def test_a_crash_that_is_being_cured_is_named_until_the_vm_runs_again() -> None:
    cure = "vm1: its QEMU process died; restart 2 of 5 within 60 minutes, in 20 s"
    down = view_vm(a_cluster([a_node("hv1")], [a_vm(1)]), a_vm(1), JOB, cure)
    assert codes(down) == ["VM_CRASHED"]
    assert "its QEMU process died; restart 2 of 5" in down.faults[0].message
    assert JOB in down.faults[0].remedy and "pvc vm start vm1" in down.faults[0].remedy
    up = a_cluster([a_node("hv1", domains=[a_domain(1)])], [a_vm(1)])
    assert codes(view_vm(up, a_vm(1), JOB, cure)) == []
    stopped = a_vm(1, state=Wanted.STOP)
    assert codes(view_vm(a_cluster([a_node("hv1")], [stopped]), stopped, JOB, cure)) == []


def test_a_vm_whose_migration_nobody_saw_end_is_unsettled() -> None:
    assert codes(view(a_vm(1, moving_to="hv2"), a_node("hv1"), a_node("hv2"))) == ["VM_UNSETTLED"]
    source, target = a_node("hv1", domains=[a_domain(1)]), a_node("hv2", domains=[a_domain(1, "paused")])
    assert codes(view(a_vm(1, moving_to="hv2"), source, target)) == ["VM_UNSETTLED"]
    twice = a_node("hv2", domains=[a_domain(1)])
    assert codes(view(a_vm(1, moving_to="hv2"), source, twice)) == ["VM_TWICE"]


def test_a_report_older_than_the_record_is_no_ground_for_a_fault() -> None:
    """It, and the one that was being made just then, may show the VM as it was before."""
    vm = a_vm(1, report_marks={"hv1": 4})
    assert codes(view(vm, a_node("hv1", sequence=5))) == []
    assert codes(view(vm, a_node("hv1", sequence=6))) == ["VM_DOWN"]
    assert codes(view(vm, a_node("hv1", sequence=4, alive=False))) == ["VM_UNKNOWN"]


def node_faults(*nodes: Node) -> list[str]:
    return [fault.code for fault in find_faults(a_cluster(nodes), [])]


def test_each_thing_wrong_with_a_node_has_its_code() -> None:
    assert node_faults(a_node("hv1")) == []
    assert node_faults(a_node("hv1", alive=False, worker=False)) == ["NODE_DEAD"]
    assert node_faults(a_node("hv1", worker=False)) == ["WORKER_DOWN"]
    assert node_faults(a_node("hv1", ok=False)) == ["HYPERVISOR_DOWN"]
    assert node_faults(a_node("hv1", state=NodeState.PARTIAL)) == ["NODE_PARTIAL"]
    assert node_faults(a_node("hv1", state=NodeState.FLUSHED)) == []
    assert node_faults(a_node("hv1", storage_address="10.2.0.1")) == ["STORAGE_ADDRESS"]
    assert node_faults(a_node("hv1", storage_address="hv1.lab")) == []


def test_the_worst_comes_first_and_decides_the_verdict() -> None:
    nodes = [a_node("hv1", worker=False), a_node("hv2", alive=False), a_node("hv3", ok=False)]
    faults = find_faults(a_cluster(nodes), [])
    assert [fault.code for fault in faults] == ["NODE_DEAD", "HYPERVISOR_DOWN", "WORKER_DOWN"]
    assert judge(faults) == "critical"
    assert judge(faults[1:]) == "degraded"
    assert judge([]) == "ok"


def sums(cluster: Cluster) -> dict[str, int]:
    seen = view_node(cluster, cluster.node("hv1"))
    return {
        "running": seen.vms_running,
        "wanted": seen.vms_wanted,
        "defined": seen.vms_defined,
        "memory": seen.memory_wanted_mib,
        "free": seen.memory_free_mib,
        "vcpus": seen.vcpus_wanted,
    }


def test_a_node_counts_what_runs_what_should_and_what_is_coming() -> None:
    domains = [a_domain(1), a_domain(2, "crashed"), a_domain(77)]
    vms = [a_vm(1, vcpus=2), a_vm(2), a_vm(3, state=Wanted.STOP), a_vm(4, "hv2", moving_to="hv1")]
    cluster = a_cluster([a_node("hv1", domains=domains, reserved_memory_mib=96), a_node("hv2")], vms)
    expected = {"running": 1, "wanted": 3, "defined": 3, "memory": 384, "free": 4096 - 96 - 384, "vcpus": 4}
    assert sums(cluster) == expected


def test_domains_and_jobs_are_shown_in_detail_only() -> None:
    cluster = a_cluster([a_node("hv1", domains=[a_domain(1)])])
    node = cluster.node("hv1")
    assert (view_node(cluster, node, ("job",)).domains, view_node(cluster, node, ("job",)).jobs) == ((), ())
    detailed = view_node(cluster, node, ("job",), detail=True)
    assert (detailed.domains[0].uuid, detailed.jobs) == (uuid_of(1), ("job",))


def test_a_node_that_never_reported_says_so() -> None:
    cluster = a_cluster([a_node("hv1", reported=False)])
    seen = view_node(cluster, cluster.node("hv1"))
    assert (seen.hypervisor_ok, seen.memory_mib) == (False, 0)
    assert "not reported" in seen.hypervisor_error
