"""What was accepted while nobody could do it: done to the VM that was meant, in the order it was asked."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster, domain_xml
from engine_checks import check_sound, submit_as

from pvc_core.errors import InvalidRequest, LockedByJob
from pvc_core.model.operations import (
    DefineVm,
    MetaVm,
    MigrateVm,
    Operation,
    RenameVm,
    StartVm,
    StopVm,
    UndefineVm,
)


@pytest.fixture
def lonely(cluster: DoorCluster) -> DoorCluster:
    """Its first node has no worker."""
    cluster.kill_worker("hv1")
    return cluster


def test_a_job_is_about_the_vm_that_was_meant_whatever_has_its_name_by_now(lonely: DoorCluster) -> None:
    meant = lonely.define("vm1", "hv1")
    job = lonely.submit(StartVm(vm="vm1"))
    assert (job.fields["vm"], job.about) == (meant, "vm1")
    lonely.submit(RenameVm(vm="vm1", new="shop1"))
    other = lonely.define("vm1", "hv1")
    lonely.start_worker("hv1")
    assert lonely.finish(job).text == "shop1 runs on hv1"
    assert (lonely.where(meant), lonely.where(other)) == (["hv1"], [])
    check_sound(lonely)


def test_a_vm_with_something_left_to_be_done_is_not_forgotten(lonely: DoorCluster) -> None:
    lonely.define("vm1", "hv1")
    job = lonely.submit(StartVm(vm="vm1"))
    with pytest.raises(LockedByJob) as caught:
        lonely.submit(UndefineVm(vm="vm1"))
    assert caught.value.details["job"] == job.id
    lonely.service.cancel(job.id, ME)
    assert lonely.submit(UndefineVm(vm="vm1")).state == "succeeded"
    check_sound(lonely)


@pytest.mark.parametrize(
    "asked", [RenameVm(vm="vm1", new="shop1"), UndefineVm(vm="vm1"), MetaVm(vm="vm1", autorestart=True)]
)
def test_a_key_is_answered_although_the_name_means_nothing_any_more(
    cluster: DoorCluster, asked: Operation
) -> None:
    uuid = cluster.define("vm1", "hv1")
    first = submit_as(cluster, asked, "key")
    assert first.fields["vm"] == uuid
    assert submit_as(cluster, asked, "key").id == first.id
    if not isinstance(asked, MetaVm):
        cluster.define("vm1", "hv1")
    assert submit_as(cluster, asked, "key").id == first.id
    with pytest.raises(InvalidRequest):
        submit_as(cluster, StopVm(vm="vm1"), "key")


def test_what_is_so_is_not_so_already_while_something_else_was_asked_before(lonely: DoorCluster) -> None:
    uuid = lonely.define("vm1", "hv1")
    lonely.start_worker("hv1")
    lonely.run(StartVm(vm=uuid))
    lonely.await_true(lambda: lonely.service.vm(uuid).seen == "running", "its node has reported it")
    lonely.kill_worker("hv1")
    asked = [lonely.submit(StopVm(vm="vm1")), lonely.submit(StartVm(vm="vm1"))]
    assert not asked[1].state.finished
    (lock,) = lonely.service.status().locks
    assert (lock.owner, lock.waiters) == (asked[0].id, (asked[1].id,))
    lonely.start_worker("hv1")
    assert [lonely.finish(job).state for job in asked] == ["succeeded", "succeeded"]
    assert lonely.where(uuid) == ["hv1"]
    check_sound(lonely)


def test_three_things_asked_of_a_vm_are_done_in_their_order(lonely: DoorCluster) -> None:
    uuid = str(lonely.submit(DefineVm(xml=domain_xml("vm1"), node="hv1")).result["uuid"])
    asked = [lonely.submit(StartVm(vm=uuid)) for _ in range(3)]
    lonely.service.cancel(asked[1].id, ME)
    lonely.start_worker("hv1")
    ended = [lonely.finish(job) for job in asked]
    assert [job.state for job in ended] == ["succeeded", "cancelled", "succeeded"]
    assert ended[0].finished is not None and ended[2].started is not None
    assert ended[0].finished <= ended[2].started
    assert lonely.run(MigrateVm(vm=uuid, target="hv2")).state == "succeeded"
    check_sound(lonely)
