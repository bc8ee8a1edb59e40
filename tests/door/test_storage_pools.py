"""Pools made, changed and removed by jobs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from threading import current_thread
from typing import Any

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
from pvc_core.model.operations import (
    AddPool,
    CloneVolume,
    DefineVm,
    FlattenVolume,
    RemovePool,
    SetPoolGroups,
)
from pvc_core.model.storage import Hidden, VolumeDetail, Watcher
from pvc_drivers.blocks.fake import FakeBlocks

DISK = (
    "<devices><disk type='network' device='disk'><driver name='qemu' type='raw'/>"
    "<source protocol='rbd' name='vms/web'/><target dev='vda' bus='virtio'/></disk></devices></domain>"
)


@pytest.fixture
def blocks() -> FakeBlocks:
    return fill(FakeBlocks())


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


def stumbling(blocks: FakeBlocks, method: str, times: int) -> list[str]:
    """The call has its effect, of which nobody hears for so many times."""
    whole, tries = getattr(blocks, method), []

    def call(*given: Any) -> None:
        tries.append(method)
        whole(*given)
        if len(tries) <= times:
            raise StorageUnavailable("the answer is lost")

    setattr(blocks, method, call)
    return tries


@pytest.mark.parametrize("method", ["create_pool", "rename_pool"])
def test_a_pool_half_made_is_completed(storing: DoorCluster, blocks: FakeBlocks, method: str) -> None:
    tries = stumbling(blocks, method, 1)
    assert storing.run(AddPool(pool="fast", pgs=32)).state == "succeeded"
    assert names(blocks) == ["fast", "slow", "vms"] and len(tries) <= 2


def test_what_a_cancel_finds_half_made_is_removed_and_a_whole_pool_stays(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    stumbling(blocks, "create_pool", 1000)
    job = storing.submit(AddPool(pool="half", pgs=32))
    storing.await_true(lambda: "the answer is lost" in storing.service.job(job.id).text, "half made")
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "nothing is left of it" in ended.text
    assert names(blocks) == ["slow", "vms"]


def test_a_pool_that_has_its_name_is_whole_though_it_is_cancelled(
    tmp_path: Path, blocks: FakeBlocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_tasks.engine.RETRY_S", 60)
    stumbling(blocks, "rename_pool", 1)
    with running(tmp_path, blocks, nodes=1) as alone:
        job = alone.submit(AddPool(pool="fast", pgs=32))
        alone.await_true(lambda: "the answer is lost" in alone.service.job(job.id).text, "renamed")
        alone.service.cancel(job.id, ME)
        assert alone.finish(job).state == "succeeded" and "fast" in names(blocks)


def test_a_pool_that_somebody_else_made_meanwhile_is_left_alone(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    """Neither changed by going on, nor removed by giving up."""
    make, blocks.create_pool = blocks.create_pool, lambda plan: blocks.refuse_if(True)  # type: ignore[method-assign]
    first, second = (storing.submit(AddPool(pool=name, pgs=32)) for name in ("theirs", "yours"))
    for job in (first, second):
        storing.await_true(lambda: storing.service.job(job.id).stage == "making", "begun")  # noqa: B023
    for name in ("theirs", "yours"):
        blocks.add_pool(name)
        blocks.made_pools[name] = blocks.made_pools[name].but(uses=("rgw",))
    storing.service.cancel(first.id, ME)
    assert "nothing is left of it" in storing.finish(first).text
    blocks.create_pool = make  # type: ignore[method-assign]
    ended = storing.finish(second)
    assert ended.error is not None and ended.error.code == "ALREADY_EXISTS"
    assert names(blocks) == ["slow", "theirs", "vms", "yours"]
    assert all(blocks.made_pools[name].placement_groups == 16 for name in ("theirs", "yours"))


def test_what_ceph_lets_nobody_remove_is_named(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.deletion_off = True
    stumbling(blocks, "create_pool", 1000)
    job = storing.submit(AddPool(pool="half", pgs=32))
    storing.await_true(lambda: "the answer is lost" in storing.service.job(job.id).text, "half made")
    storing.service.cancel(job.id, ME)
    text = storing.finish(job).text
    assert f"pool making.{job.id[16:24]} is left" in text and "does not let pool" in text


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


def test_a_pool_is_not_empty_for_what_its_list_does_not_show(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    """The trash of RBD, from which a volume may be taken back; and namespaces, which are others'."""
    storing.run(AddPool(pool="fast", pgs=8))
    blocks.unseen["fast"] = Hidden(trash=("old",))
    with pytest.raises(VolumeInUse, match=r"pool fast has 1 volume: old \(in the trash\)"):
        storing.submit(RemovePool(pool="fast"))
    blocks.unseen["fast"] = Hidden(namespaces=("team",))
    with pytest.raises(WrongState, match="pool fast has RBD namespaces: team"):
        storing.submit(RemovePool(pool="fast", force="fast"))
    blocks.unseen["fast"] = Hidden(trash=("old",))
    assert storing.run(RemovePool(pool="fast", force="fast")).state == "succeeded"


def test_a_pool_that_clones_elsewhere_depend_on_is_not_removed_by_force_either(
    storing: DoorCluster, blocks: FakeBlocks
) -> None:
    """Nobody needs to have the parent open for that."""
    cloned = storing.run(CloneVolume(pool="slow", volume="archive", new="web2", to_pool="vms"))
    assert cloned.state == "succeeded", cloned.text
    with pytest.raises(VolumeInUse, match="vms/web2 shares data with its volumes") as refused:
        storing.submit(RemovePool(pool="slow", force="slow"))
    assert refused.value.details["used_by"] == ["vms/web2"] and "flatten" in refused.value.remedy
    assert storing.run(FlattenVolume(pool="vms", volume="web2")).state == "succeeded"
    assert storing.run(RemovePool(pool="slow", force="slow")).state == "succeeded"


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
