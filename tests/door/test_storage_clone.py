"""Volumes renamed, cloned, flattened and adopted."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster
from storage import GIB, fill
from volumes import SlowEdits, define_with, succeeded

from pvc_core.decide.snapshot_names import SnapshotReserved
from pvc_core.decide.storage_room import NotEnoughSpace
from pvc_core.errors import AlreadyExists, InvalidRequest, NotFound, StorageRefused, VolumeInUse, WrongState
from pvc_core.model.operations import (
    AdoptVolume,
    CloneVolume,
    FlattenVolume,
    Operation,
    RemoveVolume,
    RenameVolume,
)


@pytest.fixture
def blocks() -> SlowEdits:
    return fill(SlowEdits())


def clone(**more: object) -> CloneVolume:
    return CloneVolume.parse({"pool": "vms", "volume": "web", "new": "copy", **more})


def names(blocks: SlowEdits) -> list[str]:
    return [one.name for one in blocks.volumes("vms")]


def test_a_volume_is_renamed(storing: DoorCluster, blocks: SlowEdits) -> None:
    succeeded(storing.run(RenameVolume(pool="vms", volume="web", new="www")))
    assert names(blocks) == ["db", "www"]


def test_a_volume_in_use_keeps_its_name(storing: DoorCluster, blocks: SlowEdits) -> None:
    define_with(storing, "vm1", "vms/web")
    blocks.open_volume("vms", "db", "10.0.0.9:0/1")
    for volume, user in (("web", "VM vm1"), ("db", r"a client on 10\.0\.0\.9")):
        with pytest.raises(VolumeInUse, match=user):
            storing.submit(RenameVolume(pool="vms", volume=volume, new="other"))
    blocks.open_volume("vms", "db")
    with pytest.raises(AlreadyExists, match="vms/web"):
        storing.submit(RenameVolume(pool="vms", volume="db", new="web"))
    blocks.add_snapshot("vms", "db", "vm.vm1-first.abcdefgh1")
    with pytest.raises(SnapshotReserved, match="part of a VM's snapshot"):
        storing.submit(RenameVolume(pool="vms", volume="db", new="other"))
    assert names(blocks) == ["db", "web"]


def test_a_rename_whose_process_died_is_found_done(
    storing: DoorCluster, blocks: SlowEdits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost: it looks again, and finds the volume by its id under its new name."""
    rename, calls = blocks.rename_volume, []

    def rename_and_be_silent(pool: str, volume: str, new: str) -> None:
        calls.append(new)
        rename(pool, volume, new)
        blocks.refuse_if(True)

    monkeypatch.setattr(blocks, "rename_volume", rename_and_be_silent)
    succeeded(storing.run(RenameVolume(pool="vms", volume="web", new="www")))
    assert (calls, names(blocks)) == (["www"], ["db", "www"])


def test_a_clone_has_a_snapshot_of_its_own_that_goes_with_it(storing: DoorCluster, blocks: SlowEdits) -> None:
    job = succeeded(storing.run(clone()))
    (snapshot,) = blocks.snapshots("vms", "web")
    assert (snapshot.name, snapshot.protected) == (f"clone.{job.id[16:24]}", True)
    assert blocks.volume("vms", "copy").parent == f"vms/web@{snapshot.name}"
    with pytest.raises(VolumeInUse, match="1 snapshots"):
        storing.submit(RemoveVolume(pool="vms", volume="web"))
    succeeded(storing.run(RemoveVolume(pool="vms", volume="copy")))
    assert blocks.snapshots("vms", "web") == []


def test_a_clone_of_a_snapshot_into_another_pool(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.add_snapshot("vms", "web", "base")
    succeeded(storing.run(clone(snapshot="base", to_pool="slow")))
    assert blocks.volume("slow", "copy").parent == "vms/web@base"
    succeeded(storing.run(FlattenVolume(pool="slow", volume="copy")))
    assert blocks.volume("slow", "copy").parent == ""
    assert [one.name for one in blocks.snapshots("vms", "web")] == ["base"]


def test_a_flat_clone_leaves_no_snapshot(storing: DoorCluster, blocks: SlowEdits) -> None:
    succeeded(storing.run(clone(flatten=True)))
    assert blocks.volume("vms", "copy").parent == "" and blocks.snapshots("vms", "web") == []
    succeeded(storing.run(clone(new="second")))
    succeeded(storing.run(FlattenVolume(pool="vms", volume="second")))
    assert blocks.snapshots("vms", "web") == []
    with pytest.raises(WrongState, match="shares data with no snapshot"):
        storing.submit(FlattenVolume(pool="vms", volume="second"))


def test_flattening_is_told_and_a_cancelled_one_leaves_a_whole_clone(
    storing: DoorCluster, blocks: SlowEdits
) -> None:
    blocks.going.clear()
    job = storing.submit(clone(flatten=True))
    storing.await_true(lambda: job.id in storing.live.known, "progress is told")
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "shares data still" in ended.text
    assert blocks.volume("vms", "copy").parent and len(blocks.snapshots("vms", "web")) == 1


def test_another_process_goes_on_flattening(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.going.clear()
    job = storing.submit(clone(flatten=True))
    storing.await_true(lambda: blocks.tried == 1, "it has begun")
    storing.kill_worker(str(storing.service.job(job.id).notes["worked_by"]).split()[0])
    storing.await_true(lambda: blocks.tried == 2, "another process goes on")
    blocks.going.set()
    succeeded(storing.finish(job))
    assert blocks.volume("vms", "copy").parent == "" and blocks.snapshots("vms", "web") == []


def test_a_clone_that_the_storage_refuses_leaves_nothing(
    storing: DoorCluster, blocks: SlowEdits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: str) -> None:
        raise StorageRefused("Ceph refused: no")

    monkeypatch.setattr(blocks, "clone_volume", refuse)
    assert storing.run(clone()).state == "failed"
    assert names(blocks) == ["db", "web"] and blocks.snapshots("vms", "web") == []


def test_what_cannot_be_cloned_is_named(storing: DoorCluster, blocks: SlowEdits) -> None:
    with pytest.raises(NotFound, match="snapshot vms/web@none"):
        storing.submit(clone(snapshot="none"))
    with pytest.raises(NotFound, match="pool none"):
        storing.submit(clone(to_pool="none"))
    with pytest.raises(AlreadyExists, match="vms/db"):
        storing.submit(clone(new="db"))
    blocks.add_volume("vms", "large", 3000 * GIB)
    with pytest.raises(NotEnoughSpace):
        storing.submit(clone(volume="large"))
    with pytest.raises(InvalidRequest, match="must be letters"):
        clone(new="a b")


@pytest.mark.parametrize("image", ["old disk", "a/b", "a@b", "Scheibe Ä", "x" * 100])
def test_what_has_an_odd_name_is_seen_and_adopted(
    storing: DoorCluster, blocks: SlowEdits, image: str
) -> None:
    blocks.add_volume("vms", image, GIB)
    for snapshot in ("before update", "before/update", "fine"):
        blocks.add_snapshot("vms", image, snapshot)
    assert image in names(blocks)
    succeeded(storing.run(AdoptVolume(pool="vms", volume="old", image=image)))
    found = [one.name for one in blocks.snapshots("vms", "old")]
    assert found == ["before-update", "before-update-2", "fine"]


def test_only_odd_names_need_adoption(storing: DoorCluster, blocks: SlowEdits) -> None:
    for request, why in (
        (AdoptVolume(pool="vms", volume="new", image="web"), "managed as it is"),
        (AdoptVolume(pool="vms", volume="web", image="web"), "managed as it is"),
    ):
        with pytest.raises(WrongState, match=why):
            storing.submit(request)
    with pytest.raises(NotFound):
        storing.submit(AdoptVolume(pool="vms", volume="new", image="not there"))
    blocks.add_volume("vms", "old disk", GIB)
    with pytest.raises(AlreadyExists):
        storing.submit(AdoptVolume(pool="vms", volume="web", image="old disk"))
    blocks.add_snapshot("vms", "web", "odd name")
    succeeded(storing.run(AdoptVolume(pool="vms", volume="web", image="web")))
    assert [one.name for one in blocks.snapshots("vms", "web")] == ["odd-name"]


def test_a_volume_made_outside_needs_nothing(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.add_volume("vms", "made-by-rbd", GIB)
    requests: tuple[Operation, ...] = (
        RenameVolume(pool="vms", volume="made-by-rbd", new="ours"),
        clone(volume="ours"),
        RemoveVolume(pool="vms", volume="copy"),
        RemoveVolume(pool="vms", volume="ours"),
    )
    for request in requests:
        succeeded(storing.run(request))
    assert names(blocks) == ["db", "web"]
