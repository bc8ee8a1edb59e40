"""Volumes that grow and shrink, and guests that are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster
from storage import GIB, fill, running
from volumes import SlowEdits, define_with, run_with, succeeded

from pvc_core.decide.storage_room import NotEnoughSpace
from pvc_core.errors import InvalidRequest, NotFound, VolumeInUse
from pvc_core.model.operations import AddVolume, MigrateVm, ResizeVolume
from pvc_tasks.operations.volume_resize import WouldShrink


@pytest.fixture
def blocks() -> SlowEdits:
    return fill(SlowEdits())


@pytest.fixture
def storing(tmp_path: Path, blocks: SlowEdits) -> Iterator[DoorCluster]:
    with running(tmp_path, blocks, nodes=3) as found:
        yield found


def resize(size: str, volume: str = "web", **more: object) -> ResizeVolume:
    return ResizeVolume.parse({"pool": "vms", "volume": volume, "size": size, **more})


def size_of(blocks: SlowEdits, volume: str = "web") -> int:
    return blocks.volume("vms", volume).size


def told(cluster: DoorCluster, node: str, uuid: str) -> dict[str, int]:
    return cluster.fleet.node(node).guests[uuid].disk_sizes


def test_a_volume_grows(storing: DoorCluster, blocks: SlowEdits) -> None:
    job = succeeded(storing.run(resize("20G")))
    assert (size_of(blocks), job.result["size"]) == (20 * GIB, 20 * GIB)


def test_a_running_guest_is_told_on_its_node(storing: DoorCluster, blocks: SlowEdits) -> None:
    uuid = run_with(storing, "vm1", "vms/web", "hv2")
    blocks.open_volume("vms", "web", "10.0.0.2:0/1")
    job = succeeded(storing.run(resize("20G")))
    assert told(storing, "hv2", uuid) == {"vda": 20 * GIB}
    assert job.queue == "node.hv2" and any("vm1 sees the new size of vda" in line.text for line in job.log)


def test_each_guest_of_a_shared_volume_is_told(storing: DoorCluster, blocks: SlowEdits) -> None:
    nodes = ("hv1", "hv2", "hv3")
    guests = {node: run_with(storing, f"vm-{node}", "vms/web", node, "<shareable/>") for node in nodes}
    succeeded(storing.run(resize("20G")))
    assert [told(storing, node, uuid) for node, uuid in guests.items()] == [{"vda": 20 * GIB}] * 3


def test_a_guest_that_was_not_told_is_told_by_the_next_task(storing: DoorCluster, blocks: SlowEdits) -> None:
    uuid = run_with(storing, "vm1", "vms/web")
    blocks.resize_volume("vms", "web", 20 * GIB, lambda done, total: None)
    succeeded(storing.run(resize("20G")))
    assert told(storing, "hv1", uuid) == {"vda": 20 * GIB}


def test_a_guest_does_not_move_while_it_is_told(storing: DoorCluster, blocks: SlowEdits) -> None:
    uuid = run_with(storing, "vm1", "vms/web")
    blocks.silent = True
    growing = storing.submit(resize("20G"))
    storing.await_true(lambda: storing.service.job(growing.id).state == "waiting", "it waits for the storage")
    moving = storing.submit(MigrateVm(vm=uuid, target="hv2"))
    storing.await_true(lambda: growing.id in storing.service.job(moving.id).text, "the migration waits")
    blocks.silent = False
    succeeded(storing.finish(growing))
    succeeded(storing.finish(moving))
    assert told(storing, "hv2", uuid) == {"vda": 20 * GIB}


def test_what_a_pool_cannot_keep_it_does_not_promise(storing: DoorCluster, blocks: SlowEdits) -> None:
    add = AddVolume(pool="vms", volume="new", size="4077G")
    for request in (resize("4087G"), add):
        with pytest.raises(NotEnoughSpace, match=r"20 GiB are promised.* 3\.9 TiB are left") as refused:
            storing.submit(request)
        assert refused.value.details["left"] == (4 << 40) - 20 * GIB
        assert "storage.overcommit" in refused.value.remedy
    succeeded(storing.run(resize("4086G")))
    with pytest.raises(NotEnoughSpace):
        storing.submit(AddVolume(pool="vms", volume="new", size="1"))


def test_a_pool_may_promise_more_than_it_holds(tmp_path: Path, blocks: SlowEdits) -> None:
    with running(tmp_path, blocks, nodes=1, storage={"overcommit": 2}) as storing:
        succeeded(storing.run(resize("8182G")))
        with pytest.raises(NotEnoughSpace, match="times 2"):
            storing.submit(AddVolume(pool="vms", volume="new", size="1G"))


def test_smaller_only_by_force_and_never_in_use(storing: DoorCluster, blocks: SlowEdits) -> None:
    with pytest.raises(WouldShrink, match="10 GiB: with 5 GiB it would lose") as refused:
        storing.submit(resize("5G"))
    assert "--force" in refused.value.remedy
    blocks.open_volume("vms", "web", "10.0.0.9:0/1")
    with pytest.raises(VolumeInUse, match=r"10\.0\.0\.9"):
        storing.submit(resize("5G", force=True))
    blocks.open_volume("vms", "web")
    succeeded(storing.run(resize("5G", force=True)))
    define_with(storing, "vm1", "vms/web")
    with pytest.raises(VolumeInUse, match="VM vm1"):
        storing.submit(resize("1G", force=True))
    assert size_of(blocks) == 5 * GIB


def test_two_at_once_are_done_one_after_the_other(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.going.clear()
    first = storing.submit(resize("5G", force=True))
    storing.await_true(lambda: blocks.tried == 1, "the first has begun")
    second = storing.submit(resize("20G"))
    storing.await_true(lambda: first.id in storing.service.job(second.id).text, "the second waits")
    blocks.going.set()
    succeeded(storing.finish(first))
    succeeded(storing.finish(second))
    assert size_of(blocks) == 20 * GIB


def test_shrinking_is_told_and_can_be_cancelled(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.going.clear()
    job = storing.submit(resize("5G", force=True))
    storing.await_true(lambda: job.id in storing.live.known, "progress is told")
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "part of it" in ended.text
    assert size_of(blocks) == 10 * GIB


def test_another_process_goes_on_when_one_dies(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.going.clear()
    job = storing.submit(resize("5G", force=True))
    storing.await_true(lambda: blocks.tried == 1, "it has begun")
    storing.kill_worker(str(storing.service.job(job.id).notes["worked_by"]).split()[0])
    storing.await_true(lambda: blocks.tried == 2, "another process goes on")
    blocks.going.set()
    succeeded(storing.finish(job))
    assert size_of(blocks) == 5 * GIB


@pytest.mark.parametrize("size", ["0", "-1", "10X", "", "99999999T", "ten"])
def test_wrong_sizes_are_refused(size: str) -> None:
    with pytest.raises(InvalidRequest, match="size"):
        resize(size)


def test_what_is_not_there_is_named(storing: DoorCluster) -> None:
    with pytest.raises(NotFound, match="volume vms/none"):
        storing.submit(resize("1G", "none"))
    with pytest.raises(NotFound, match="pool none"):
        storing.submit(ResizeVolume(pool="none", volume="web", size="1G"))
