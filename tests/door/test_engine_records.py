"""What is remembered of a job, by whom it can be asked for again, and for how long."""

from __future__ import annotations

from collections import Counter

import pytest
from cluster import ME, DoorCluster, domain_xml
from engine_checks import await_moving, check_explained, check_sound, children_of, submit_as

from pvc_core.errors import InvalidRequest, NotFound
from pvc_core.model.job import Job
from pvc_core.model.operations import DefineVm, FlushNode, MigrateVm, ReadyNode, StartVm
from pvc_tasks.ids import child_id


def test_the_same_key_is_answered_with_the_same_job(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    first = submit_as(cluster, StartVm(vm=uuid), "key")
    assert submit_as(cluster, StartVm(vm=uuid), "key").id == first.id
    assert cluster.finish(first).state == "succeeded"
    again = submit_as(cluster, StartVm(vm=uuid), "key")
    assert (again.id, again.state) == (first.id, "succeeded"), "even after its end, when a start is refused"
    assert len(cluster.service.jobs(operation="vm.start")) == 1


def test_the_same_key_for_something_else_is_refused(cluster: DoorCluster) -> None:
    one, other = cluster.define("vm1", "hv1"), cluster.define("vm2", "hv1")
    first = submit_as(cluster, StartVm(vm=one), "key")
    for asked in (StartVm(vm=other), FlushNode(node="hv1")):
        with pytest.raises(InvalidRequest, match=first.id):
            submit_as(cluster, asked, "key")
    assert cluster.service.node("hv1").state == "ready"


def test_keys_of_two_people_do_not_meet(cluster: DoorCluster) -> None:
    one, other = cluster.define("vm1", "hv1"), cluster.define("vm2", "hv1")
    submit_as(cluster, StartVm(vm=one), "key", actor="anna")
    assert submit_as(cluster, StartVm(vm=other), "key", actor="ben").fields["vm"] == other


def test_a_definition_sent_twice_under_a_key_is_made_once(cluster: DoorCluster) -> None:
    asked = DefineVm(xml=domain_xml("vm1"))
    first = submit_as(cluster, asked, "key")
    assert submit_as(cluster, asked, "key").id == first.id
    with pytest.raises(InvalidRequest):
        submit_as(cluster, DefineVm(xml=domain_xml("vm1", 256)), "key")


def test_every_job_is_told_to_the_audit_exactly_once_and_as_it_ended(cluster: DoorCluster) -> None:
    cluster.hints.copies = 5
    for number in range(4):
        cluster.run_vm(f"vm{number}", "hv1")
    cluster.run(FlushNode(node="hv1"))
    cluster.run(ReadyNode(node="hv1"))
    stored = {job.id: job.state for job in cluster.service.jobs(limit=500)}
    assert Counter(job.id for job in cluster.ended) == Counter(stored.keys())
    assert all(job.state == stored[job.id] and job.finished for job in cluster.ended)


def test_children_are_named_after_their_parent_their_vm_and_their_attempt(cluster: DoorCluster) -> None:
    vms = [cluster.run_vm(f"vm{number}", "hv1") for number in range(3)]
    cluster.fleet.faults.fail_migrations["vm0"] = 1
    flush = cluster.run(FlushNode(node="hv1"))
    expected = {child_id(flush.id, f"vm:{uuid}", 1) for uuid in vms} | {child_id(flush.id, f"vm:{vms[0]}", 2)}
    children = children_of(cluster, flush)
    assert {child.id for child in children} == expected
    assert all(child.actor == flush.actor and flush.id in child.reason for child in children)


def test_whoever_looks_during_a_flush_is_told_everything(cluster: DoorCluster) -> None:
    """P3, at every moment, through both doors."""
    cluster.run_vm("vm9", "hv2")
    for number in range(6):
        cluster.run_vm(f"vm{number}", "hv1")
    job, second = cluster.submit(FlushNode(node="hv1")), cluster.submit(FlushNode(node="hv2"))
    looks = 0
    while not all(cluster.service.job(each.id).state.finished for each in (job, second)):
        for shown in [cluster.service.job(job.id), *cluster.service.jobs(limit=100)]:
            if not shown.state.finished:
                check_explained(shown)
                looks += 1
    assert looks > 10
    check_sound(cluster)


def test_progress_grows_and_ends_with_everything_done(cluster: DoorCluster) -> None:
    for number in range(5):
        cluster.run_vm(f"vm{number}", "hv1")
    job = cluster.submit(FlushNode(node="hv1"))
    seen: list[int] = []
    while not (shown := cluster.service.job(job.id)).state.finished:
        seen.append(shown.progress.done)
        assert shown.progress.total in (0, 5)
    assert seen == sorted(seen)
    assert (shown.progress.done, shown.progress.total, shown.progress.text) == (5, 5, "5 of 5 moved")


def test_jobs_are_found_by_state_operation_object_and_parent(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 0.4
    flush = cluster.submit(FlushNode(node="hv1"))
    await_moving(cluster)
    found = cluster.service.jobs
    assert {job.operation for job in found(state="unfinished")} == {"node.flush", "vm.migrate"}
    assert [job.id for job in found(subject="node:hv1", operation="node.flush")] == [flush.id]
    assert [job.operation for job in found(subject="vm:vm1")] == ["vm.migrate", "vm.start", "vm.define"]
    assert found(subject=f"vm:{uuid}") == found(subject="vm:vm1")
    cluster.finish(flush)
    newest = found(limit=2)
    rest = found(limit=100, before=newest[-1].id)
    assert [*newest, *rest] == found(limit=100) and not {job.id for job in newest} & {job.id for job in rest}
    for wrong in ({"state": "odd"}, {"subject": "x"}, {"subject": "vm:../a"}):
        with pytest.raises(InvalidRequest):
            found(**wrong)
    with pytest.raises(NotFound):
        cluster.service.job("20200101t000000-00000000")


def test_the_record_tells_who_wanted_what_and_what_it_came_to(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    job: Job = cluster.run(MigrateVm(vm=uuid, target="hv2"))
    assert (job.actor, job.about, job.objects) == (ME.actor, "vm1", (f"vm:{uuid}", "node:hv1"))
    assert job.result["source"] == "hv1" and job.result["node"] == "hv2"
    assert job.started is not None and job.finished is not None
    assert job.created <= job.started <= job.finished
    assert job.log[-1].text.startswith("succeeded: ")
    assert [line.at for line in job.log] == sorted(line.at for line in job.log)
