"""Pools made, changed and removed by jobs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from threading import current_thread

import pytest
from cluster import ME, DoorCluster, domain_xml
from storage import fill, running

from pvc_core.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    StorageUnavailable,
    SubsystemOff,
    VolumeInUse,
    WrongState,
)
from pvc_core.model.operations import AddPool, DefineVm, RemovePool, SetPoolGroups
from pvc_core.model.storage import VolumeDetail, Watcher
from pvc_drivers.blocks.fake import FakeBlocks

DISK = (
    "<devices><disk type='network' device='disk'><driver name='qemu' type='raw'/>"
    "<source protocol='rbd' name='vms/web'/><target dev='vda' bus='virtio'/></disk></devices></domain>"
)


@pytest.fixture
def blocks() -> FakeBlocks:
    return fill(FakeBlocks())


@pytest.fixture
def storing(tmp_path: Path, blocks: FakeBlocks) -> Iterator[DoorCluster]:
    with running(tmp_path, blocks) as found:
        yield found


def names(blocks: FakeBlocks) -> list[str]:
    return [pool.name for pool in blocks.pools()]


def test_a_pool_is_made_as_asked(storing: DoorCluster, blocks: FakeBlocks) -> None:
    asked = AddPool(pool="fast", pgs=32, replcfg="copies=2,mincopies=1", tier="ssd", autoscale="warn")
    assert storing.run(asked).state == "succeeded"
    made = next(pool for pool in blocks.pools() if pool.name == "fast")
    assert (made.placement_groups, made.copies, made.mincopies) == (32, 2, 1)
    assert (made.tier, made.autoscale, made.uses) == ("ssd", "warn", ("rbd",))


@pytest.mark.parametrize(
    "fields",
    [
        {"pgs": 0},
        {"pgs": 33},
        {"pgs": 65536},
        {"replcfg": "3"},
        {"replcfg": "copies=3"},
        {"replcfg": "mincopies=2,copies=3"},
        {"replcfg": "copies=2,mincopies=3"},
        {"replcfg": "copies=1,mincopies=1"},
        {"replcfg": "copies=3,mincopies=0"},
        {"replcfg": "copies=11,mincopies=2"},
        {"tier": "tape"},
        {"autoscale": "maybe"},
        {"pool": "a/b"},
    ],
)
def test_what_makes_no_sense_is_refused_by_field(fields: dict[str, object]) -> None:
    (name,) = fields
    with pytest.raises(InvalidRequest, match=name):
        AddPool.parse({"pool": "fast", "pgs": 32, **fields})


def test_what_cannot_be_is_refused_at_once(storing: DoorCluster, blocks: FakeBlocks) -> None:
    with pytest.raises(AlreadyExists, match="pool vms"):
        storing.submit(AddPool(pool="vms", pgs=32))
    with pytest.raises(WrongState, match=r"4 copies need 4 hosts .* there are 3 \(hv1, hv2, hv3\)"):
        storing.submit(AddPool(pool="wide", pgs=32, replcfg="copies=4,mincopies=2"))
    with pytest.raises(WrongState, match="OSDs of class nvme that are in; there are 0"):
        storing.submit(AddPool(pool="fast", pgs=32, tier="nvme"))
    for request in (RemovePool(pool="none"), SetPoolGroups(pool="none", pgs=8)):
        with pytest.raises(NotFound, match="pool none"):
            storing.submit(request)
    assert [job.operation for job in storing.service.jobs()] == ["cluster.init"]


def test_a_pool_half_made_is_completed_or_removed(storing: DoorCluster, blocks: FakeBlocks) -> None:
    whole, attempts = blocks.create_pool, []

    def half(plan):  # type: ignore[no-untyped-def]
        attempts.append(plan.name)
        blocks.add_pool(plan.name) if plan.name not in blocks.held else None
        if len(attempts) < 3:
            raise RuntimeError("the process dies here")
        whole(plan)

    blocks.create_pool = half  # type: ignore[method-assign]
    assert storing.run(AddPool(pool="fast", pgs=32)).state == "succeeded" and len(attempts) == 3
    blocks.create_pool = lambda plan: (blocks.add_pool(plan.name), blocks.refuse_if(True))  # type: ignore[method-assign,assign,func-returns-value]
    job = storing.submit(AddPool(pool="half", pgs=32))
    storing.await_true(lambda: "half" in names(blocks), "half made")
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled" and "half" not in names(blocks)


def test_an_empty_pool_is_removed_and_one_with_volumes_by_name_only(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    storing.run(AddPool(pool="empty", pgs=8))
    assert storing.run(RemovePool(pool="empty")).state == "succeeded"
    with pytest.raises(VolumeInUse, match="pool slow has 1 volume: archive") as refused:
        storing.submit(RemovePool(pool="slow"))
    assert "--force slow" in refused.value.remedy
    with pytest.raises(InvalidRequest, match="must be the pool's name, slow"):
        storing.submit(RemovePool(pool="slow", force="vms"))
    assert storing.run(RemovePool(pool="slow", force="slow")).state == "succeeded"
    assert names(blocks) == ["vms"]


def test_a_pool_in_use_is_not_removed_by_force_either(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.open_volume("vms", "db", "10.0.0.9:0/1")
    with pytest.raises(VolumeInUse, match="cannot remove vms/db"):
        storing.submit(RemovePool(pool="vms", force="vms"))
    blocks.open_volume("vms", "db")
    storing.service.submit(DefineVm(xml=domain_xml("vm1").replace("</domain>", DISK)), ME)
    with pytest.raises(VolumeInUse, match="VM vm1"):
        storing.submit(RemovePool(pool="vms", force="vms"))
    blocks.made_pools["vms"] = blocks.made_pools["vms"].but(uses=("cephfs",))
    with pytest.raises(WrongState, match="used for cephfs"):
        storing.submit(RemovePool(pool="vms", force="vms"))
    assert "vms" in names(blocks)


class ManyVolumes(FakeBlocks):
    """Looking at each volume of a pool takes long: several at a time, and never in a step."""

    def volume(self, pool: str, name: str) -> VolumeDetail:
        raise AssertionError("one by one")

    def watchers(self, pool: str, volumes: Collection[str]) -> dict[str, tuple[Watcher, ...]]:
        assert current_thread().name.startswith(("work ", "MainThread"))
        return super().watchers(pool, volumes)


def test_the_volumes_of_a_large_pool_are_looked_at_together_and_beside_the_step(tmp_path: Path) -> None:
    blocks = fill(ManyVolumes())
    with running(tmp_path, blocks) as cluster:
        assert cluster.run(RemovePool(pool="slow", force="slow")).state == "succeeded"
        blocks.deletion_off = True
        refused = cluster.run(RemovePool(pool="vms", force="vms"))
        assert refused.error is not None and refused.error.code == "STORAGE_REFUSED"


def test_a_volume_that_is_used_by_then_keeps_its_pool(storing: DoorCluster, blocks: FakeBlocks) -> None:
    """It is looked at once more after a pause in which Ceph did not answer."""
    remove, tried = blocks.remove_pool, []

    def removes_late(name: str) -> None:
        tried.append(name)
        if len(tried) == 1:
            blocks.open_volume("vms", "db", "10.0.0.9:0/1")
            raise StorageUnavailable("not now")
        remove(name)

    blocks.remove_pool = removes_late  # type: ignore[method-assign]
    job = storing.run(RemovePool(pool="vms", force="vms"))
    assert job.error is not None and job.error.code == "VOLUME_IN_USE"
    assert len(tried) == 1 and "vms" in names(blocks)


def test_where_ceph_lets_no_pool_be_removed_it_says_so(storing: DoorCluster, blocks: FakeBlocks) -> None:
    storing.run(AddPool(pool="empty", pgs=8))
    blocks.deletion_off = True
    job = storing.run(RemovePool(pool="empty"))
    assert job.error is not None and job.error.code == "STORAGE_REFUSED" and "empty" in names(blocks)


def test_placement_groups_are_changed_and_followed(storing: DoorCluster, blocks: FakeBlocks) -> None:
    change = blocks.set_placement_groups
    blocks.set_placement_groups = lambda name, groups: change(name, 24)  # type: ignore[method-assign]
    job = storing.submit(SetPoolGroups(pool="vms", pgs=32))
    storing.await_true(lambda: "24 placement groups on the way to 32" in storing.service.job(job.id).text, "")
    change("vms", 32)
    assert storing.finish(job).result == {"pool": "vms", "before": 16, "pgs": 32, "autoscale": "off"}


def test_the_autoscaler_and_a_number_contradict_each_other(storing: DoorCluster, blocks: FakeBlocks) -> None:
    assert storing.run(SetPoolGroups(pool="vms", pgs=16, autoscale="on")).state == "succeeded"
    with pytest.raises(WrongState, match="autoscaler of pool vms would change"):
        storing.submit(SetPoolGroups(pool="vms", pgs=32))
    assert storing.run(SetPoolGroups(pool="vms", pgs=32, autoscale="off")).state == "succeeded"


def test_the_storage_may_be_off(cluster: DoorCluster) -> None:
    with pytest.raises(SubsystemOff, match="storage is off"):
        cluster.submit(AddPool(pool="fast", pgs=32))
