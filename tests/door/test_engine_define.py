"""Making a VM known, and forgetting it."""

from __future__ import annotations

import pytest
from cluster import DoorCluster, domain_xml
from engine_checks import await_job, await_moving, check_sound

from pvc_core.errors import (
    AlreadyExists,
    InvalidRequest,
    InvalidXml,
    LockedByJob,
    NotFound,
)
from pvc_core.model.operations import (
    DefineVm,
    MigrateVm,
    StopVm,
    UndefineVm,
)
from pvc_core.store import tree

UUID = "11111111-2222-4333-8444-55555555555a"
OTHER = "22222222-2222-4333-8444-55555555555a"


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
        (domain_xml(UUID), AlreadyExists),
        (domain_xml(UUID.upper()), AlreadyExists),
        (domain_xml("other", uuid=OTHER), AlreadyExists),
    ],
)
def test_what_cannot_be_defined_changes_nothing(
    cluster: DoorCluster, xml: str, kind: type[Exception]
) -> None:
    cluster.submit(DefineVm(xml=domain_xml("taken", uuid=UUID)))
    cluster.submit(DefineVm(xml=domain_xml(OTHER)))
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
