"""Volumes made and removed by jobs, and what becomes of long work when its process dies."""

from __future__ import annotations

from functools import partial

import pytest
from cluster import ME, DoorCluster, domain_xml
from storage import GIB, SlowBlocks, fill
from volumes import define_with, slip_in, xml_with

from pvc_core.errors import (
    AlreadyExists,
    InvalidRequest,
    LockedByJob,
    NotFound,
    StorageUnavailable,
    SubsystemOff,
    VolumeInUse,
)
from pvc_core.model.job import Job
from pvc_core.model.operations import AddVmVolume, AddVolume, DefineVm, ModifyVm, RemoveVolume

DISK = (
    "<devices><disk type='network' device='disk'><driver name='qemu' type='raw'/>"
    "<source protocol='rbd' name='vms/web'/><target dev='vda' bus='virtio'/></disk></devices></domain>"
)


@pytest.fixture
def blocks() -> SlowBlocks:
    return fill(SlowBlocks())


def add(size: str, volume: str = "new", pool: str = "vms") -> AddVolume:
    return AddVolume.parse({"pool": pool, "volume": volume, "size": size})


def names(blocks: SlowBlocks) -> list[str]:
    return [one.name for one in blocks.volumes("vms")]


@pytest.mark.parametrize(("text", "size"), [("20G", 20 * GIB), ("1.5g", 3 * GIB // 2), ("1000", 1024)])
def test_a_volume_is_made(storing: DoorCluster, blocks: SlowBlocks, text: str, size: int) -> None:
    job = storing.run(add(text))
    assert (job.state, job.result["size"]) == ("succeeded", size)
    assert blocks.volume("vms", "new").size == size


@pytest.mark.parametrize("size", ["0", "-1", "10X", "", "1e9", "G", "99999999T", "1 G"])
def test_a_wrong_size_changes_nothing(storing: DoorCluster, blocks: SlowBlocks, size: str) -> None:
    with pytest.raises(InvalidRequest, match="size"):
        add(size)
    assert names(blocks) == ["db", "web"]


@pytest.mark.parametrize("name", ["a/b", "a@b", "a b", "", "-a", "x" * 64])
def test_a_wrong_name_is_refused(name: str) -> None:
    for fields in ({"pool": name, "volume": "x"}, {"pool": "x", "volume": name}):
        with pytest.raises(InvalidRequest, match="must be letters"):
            AddVolume.parse({**fields, "size": "1G"})


def test_what_cannot_be_is_refused_at_once(storing: DoorCluster, blocks: SlowBlocks) -> None:
    with pytest.raises(AlreadyExists, match="vms/web"):
        storing.submit(add("1G", "web"))
    for request in (add("1G", pool="none"), RemoveVolume(pool="none", volume="web")):
        with pytest.raises(NotFound, match="pool none"):
            storing.submit(request)
    with pytest.raises(NotFound, match="volume vms/none"):
        storing.submit(RemoveVolume(pool="vms", volume="none"))
    assert [job.operation for job in storing.service.jobs()] == ["cluster.init"]


def test_a_volume_is_removed(storing: DoorCluster, blocks: SlowBlocks) -> None:
    assert storing.run(RemoveVolume(pool="vms", volume="db")).state == "succeeded"
    assert names(blocks) == ["web"]


def test_a_volume_in_use_is_not_removed_and_the_error_says_by_whom(
    storing: DoorCluster, blocks: SlowBlocks
) -> None:
    storing.service.submit(DefineVm(xml=domain_xml("vm1").replace("</domain>", DISK)), ME)
    with pytest.raises(VolumeInUse, match="VM vm1") as refused:
        storing.submit(RemoveVolume(pool="vms", volume="web"))
    assert refused.value.details["used_by"] == ["VM vm1"]
    blocks.open_volume("vms", "db", "10.0.0.9:0/1")
    with pytest.raises(VolumeInUse, match=r"a client on 10\.0\.0\.9"):
        storing.submit(RemoveVolume(pool="vms", volume="db"))
    blocks.open_volume("vms", "db")
    blocks.add_snapshot("vms", "db", "first")
    with pytest.raises(VolumeInUse, match="first"):
        storing.submit(RemoveVolume(pool="vms", volume="db"))
    assert names(blocks) == ["db", "web"]


def test_a_vm_that_was_given_it_while_it_is_waited_for_keeps_it(
    storing: DoorCluster, blocks: SlowBlocks
) -> None:
    job = hold_removal(storing, blocks)
    blocks.open_volume("vms", "web", "10.0.0.9:0/1")
    blocks.fails_once = VolumeInUse("vms/web is open by 1 client besides this one")
    blocks.going.set()
    storing.await_true(lambda: "waits for it to be let go" in storing.service.job(job.id).text, "it waits")
    define_with(storing, "vm1", "vms/db")
    slip_in(storing, "vm1", "vms/web")
    blocks.open_volume("vms", "web")
    ended = storing.finish(job)
    assert (ended.state, names(blocks)) == ("failed", ["db", "web"])
    assert ended.error is not None and "VM vm1" in ended.error.message


def test_what_is_being_removed_is_given_to_no_vm(storing: DoorCluster, blocks: SlowBlocks) -> None:
    define_with(storing, "vm1", "vms/db")
    job = hold_removal(storing, blocks)
    with pytest.raises(LockedByJob, match=rf"task {job.id} \(storage.volume.remove\)"):
        define_with(storing, "vm2", "vms/web")
    with pytest.raises(LockedByJob, match="vm1 is not given vms/web"):
        storing.submit(AddVmVolume(vm="vm1", volume="vms/web"))
    with pytest.raises(LockedByJob):
        storing.submit(ModifyVm(vm="vm1", xml=xml_with("vm1", "vms/web")))
    blocks.going.set()
    assert storing.finish(job).state == "succeeded" and names(blocks) == ["db"]


def hold_removal(storing: DoorCluster, blocks: SlowBlocks) -> Job:
    blocks.going.clear()
    job = storing.submit(RemoveVolume(pool="vms", volume="web"))
    storing.await_true(lambda: blocks.began > 0, "it is at work")
    return job


def test_a_silent_storage_is_waited_for(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.silent = blocks.hanging = True
    job = storing.submit(add("1G"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "the job waits")
    assert "has not answered in time" in storing.service.job(job.id).text
    blocks.silent = blocks.hanging = False
    assert storing.finish(job).state == "succeeded"


def test_a_job_that_waits_for_the_storage_can_be_cancelled(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.silent = blocks.hanging = True
    job = storing.submit(RemoveVolume(pool="vms", volume="db"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "the job waits")
    storing.service.cancel(job.id, ME)
    with pytest.raises(StorageUnavailable):
        blocks.volumes("vms")
    assert storing.finish(job).state == "cancelled"
    blocks.silent = blocks.hanging = False
    assert names(blocks) == ["db", "web"]


def test_work_under_way_is_told_and_can_be_cancelled(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.going.clear()
    job = storing.submit(RemoveVolume(pool="vms", volume="db"))
    storing.await_true(lambda: job.id in storing.live.known, "progress is told")
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled"
    assert names(blocks) == ["db", "web"]


def test_work_is_done_by_one_process_however_many_look(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.going.clear()
    job = storing.submit(RemoveVolume(pool="vms", volume="db"))
    storing.await_true(lambda: blocks.began == 1, "the work has begun")
    for name in ("hv2", "hv1", "hv2"):
        storing.await_true(partial(looks_now, storing, name, job.id), f"{name} has looked")
    blocks.going.set()
    assert storing.finish(job).state == "succeeded" and blocks.began == 1


def looks_now(storing: DoorCluster, node: str, job: str) -> bool:
    storing.workers[node].bench.wake(job)
    return storing.service.job(job).worker == node


def test_another_process_takes_the_work_over_once_its_own_is_gone(
    storing: DoorCluster, blocks: SlowBlocks
) -> None:
    blocks.going.clear()
    job = storing.submit(RemoveVolume(pool="vms", volume="db"))
    storing.await_true(lambda: blocks.began == 1, "the work has begun")
    worker = str(storing.service.job(job.id).notes["worked_by"]).split()[0]
    storing.kill_worker(worker)
    storing.await_true(lambda: blocks.began == 2, "another process has taken it over")
    assert not str(storing.service.job(job.id).notes["worked_by"]).startswith(worker)
    blocks.going.set()
    assert storing.finish(job).state == "succeeded" and names(blocks) == ["web"]


@pytest.mark.parametrize("cut_off", ["hv1", "hv2"])
@pytest.mark.parametrize("asked", [add("1G"), RemoveVolume(pool="vms", volume="db")])
def test_who_does_not_reach_the_storage_leaves_the_task_to_others(
    storing: DoorCluster, cut_off: str, asked: AddVolume | RemoveVolume
) -> None:
    storing.cut_off.add(cut_off)
    for _ in range(2):
        assert storing.finish(storing.submit(asked)).state == "succeeded"
        undo = RemoveVolume(pool="vms", volume="new") if isinstance(asked, AddVolume) else add("1G", "db")
        assert storing.finish(storing.submit(undo)).state == "succeeded"


def test_work_that_fails_on_one_node_is_done_by_another(storing: DoorCluster, blocks: SlowBlocks) -> None:
    blocks.going.clear()
    job = storing.submit(RemoveVolume(pool="vms", volume="db"))
    storing.await_true(lambda: blocks.began == 1, "the work has begun")
    worker = str(storing.service.job(job.id).notes["worked_by"]).split()[0]
    storing.cut_off.add(worker)
    blocks.fails_once = StorageUnavailable("the storage says nothing any more")
    blocks.going.set()
    ended = storing.finish(job)
    assert ended.state == "succeeded" and not str(ended.notes["worked_by"]).startswith(worker)
    assert [line.text for line in ended.log].count("removing vms/db") == 1


def test_the_storage_may_be_off(cluster: DoorCluster) -> None:
    with pytest.raises(SubsystemOff, match="storage is off"):
        cluster.submit(add("1G"))
