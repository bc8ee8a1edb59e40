"""Snapshots of volumes, from the command line to the port."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cluster import DoorCluster
from serving import connected, pvc
from storage import fill
from volumes import SlowEdits, run_with, succeeded

from pvc_core.decide.snapshot_names import SnapshotReserved
from pvc_core.errors import AlreadyExists, InvalidRequest, NotFound, VolumeInUse
from pvc_core.model.operations import (
    AddSnapshot,
    ProtectSnapshot,
    RemoveSnapshot,
    RenameSnapshot,
    RollBackSnapshot,
    StartVm,
    StopVm,
    UnprotectSnapshot,
)
from pvc_core.model.operations.storage_snapshot import OfSnapshot
from pvc_tasks.operations.snapshot_protect import SnapshotProtected


@pytest.fixture
def blocks() -> SlowEdits:
    made = fill(SlowEdits())
    made.add_snapshot("vms", "web", "first")
    return made


def names(blocks: SlowEdits) -> list[str]:
    return [one.name for one in blocks.snapshots("vms", "web")]


def of(operation: type[OfSnapshot], snapshot: str = "first", **more: object) -> OfSnapshot:
    return operation.parse({"pool": "vms", "volume": "web", "snapshot": snapshot, **more})


def test_the_life_of_a_snapshot_at_the_command_line(
    storing: DoorCluster, blocks: SlowEdits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ceph(*words: str) -> str:
        shown = pvc("--format", "json", "storage", "ceph", *words)
        assert shown.exit_code == 0, shown.output
        return shown.stdout

    with connected(storing):
        web = ("vms", "web")
        ceph("snapshot", "add", *web, "second", "--wait")
        ceph("snapshot", "rename", *web, "second", "third", "--wait")
        ceph("snapshot", "protect", *web, "third", "--wait")
        refused = pvc("storage", "ceph", "snapshot", "remove", *web, "third", "--yes")
        assert refused.exit_code == 5 and "unprotect vms web third" in refused.output
        listed = json.loads(ceph("snapshot", "list", *web))
        assert [(one["name"], one["protected"]) for one in listed] == [("first", False), ("third", True)]
        assert "third" in pvc("storage", "ceph", "snapshot", "list", *web).stdout
        ceph("snapshot", "unprotect", *web, "third", "--wait")
        ceph("snapshot", "rollback", *web, "third", "--yes", "--wait")
        ceph("snapshot", "remove", *web, "third", "--yes", "--wait")
        ceph("volume", "clone", *web, "copy", "--flatten", "--wait")
        ceph("volume", "resize", "vms", "copy", "20G", "--wait")
        ceph("volume", "rename", "vms", "copy", "other", "--wait")
        refused = pvc("storage", "ceph", "volume", "resize", "vms", "other", "9999T")
        assert refused.exit_code == 5 and "cannot promise 9998.9 TiB more" in refused.output
        blocks.add_volume("vms", "an odd/name", 1 << 30)
        ceph("volume", "adopt", "vms", "proper", "an odd/name", "--wait")
    assert names(blocks) == ["first"] and blocks.rolled_back == ["vms/web@third"]
    assert [one.name for one in blocks.volumes("vms")] == ["db", "other", "proper", "web"]


def test_what_is_there_already_or_not_at_all(storing: DoorCluster, blocks: SlowEdits) -> None:
    with pytest.raises(AlreadyExists, match="vms/web@first"):
        storing.submit(of(AddSnapshot))
    blocks.add_snapshot("vms", "web", "second")
    with pytest.raises(AlreadyExists, match="vms/web@second"):
        storing.submit(of(RenameSnapshot, new="second"))
    for operation in (ProtectSnapshot, UnprotectSnapshot, RollBackSnapshot, RemoveSnapshot):
        with pytest.raises(NotFound, match="snapshot vms/web@none"):
            storing.submit(of(operation, "none"))
    with pytest.raises(NotFound, match="volume vms/none"):
        storing.submit(AddSnapshot(pool="vms", volume="none", snapshot="x"))
    with pytest.raises(InvalidRequest, match="must be letters"):
        of(AddSnapshot, "a@b")


def test_what_has_clones_stays(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.clone("vms", "web", "first", "copy")
    for operation in (UnprotectSnapshot, RemoveSnapshot):
        with pytest.raises(VolumeInUse, match="vms/copy share its data") as refused:
            storing.submit(of(operation))
        assert refused.value.details["used_by"] == ["vms/copy"]
    blocks.add_snapshot("vms", "web", "second")
    blocks.protect_snapshot("vms", "web", "second")
    with pytest.raises(SnapshotProtected):
        storing.submit(of(RemoveSnapshot, "second"))


def test_a_vms_snapshot_is_not_taken_apart(storing: DoorCluster, blocks: SlowEdits) -> None:
    part = "vm.vm1-before.abcdefgh1"
    blocks.add_snapshot("vms", "web", part)
    for request in (of(RemoveSnapshot, part), of(RenameSnapshot, part, new="mine")):
        with pytest.raises(SnapshotReserved, match="part of a VM's snapshot"):
            storing.submit(request)
    for request in (of(AddSnapshot, "vm.x"), of(AddSnapshot, "clone.x"), of(RenameSnapshot, new="vm.x")):
        with pytest.raises(SnapshotReserved, match="PVC's own"):
            storing.submit(request)
    succeeded(storing.run(of(RemoveSnapshot, part, force=True)))
    assert names(blocks) == ["first"]


def test_back_only_while_nobody_has_it_open(storing: DoorCluster, blocks: SlowEdits) -> None:
    uuid = run_with(storing, "vm1", "vms/web")
    with pytest.raises(VolumeInUse, match="VM vm1, which runs"):
        storing.submit(of(RollBackSnapshot))
    succeeded(storing.run(StopVm(vm=uuid)))
    blocks.open_volume("vms", "web", "10.0.0.9:0/1")
    storing.await_true(lambda: not storing.service.vm("vm1").seen_on, "it is seen to be stopped")
    with pytest.raises(VolumeInUse, match=r"a client on 10\.0\.0\.9"):
        storing.submit(of(RollBackSnapshot))
    blocks.open_volume("vms", "web")
    succeeded(storing.run(of(RollBackSnapshot)))
    assert blocks.rolled_back == ["vms/web@first"]


def test_a_vm_is_not_started_while_its_volume_goes_back(storing: DoorCluster, blocks: SlowEdits) -> None:
    uuid = run_with(storing, "vm1", "vms/web")
    succeeded(storing.run(StopVm(vm=uuid)))
    storing.await_true(lambda: not storing.service.vm("vm1").seen_on, "it is seen to be stopped")
    blocks.going.clear()
    going_back = storing.submit(of(RollBackSnapshot))
    storing.await_true(lambda: blocks.tried == 1, "it has begun")
    start = storing.submit(StartVm(vm=uuid))
    storing.await_true(lambda: going_back.id in storing.service.job(start.id).text, "the start waits")
    blocks.going.set()
    succeeded(storing.finish(going_back))
    succeeded(storing.finish(start))


def test_another_process_rolls_back_once_more(storing: DoorCluster, blocks: SlowEdits) -> None:
    blocks.going.clear()
    job = storing.submit(of(RollBackSnapshot))
    storing.await_true(lambda: blocks.tried == 1, "it has begun")
    storing.kill_worker(str(storing.service.job(job.id).notes["worked_by"]).split()[0])
    storing.await_true(lambda: blocks.tried == 2, "another process begins anew")
    blocks.going.set()
    succeeded(storing.finish(job))


def test_what_a_dead_process_left_open_is_waited_for(
    storing: DoorCluster, blocks: SlowEdits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_tasks.operations.volume_common.LOOK_AGAIN_S", 0.05)
    blocks.going.clear()
    job = storing.submit(of(RollBackSnapshot))
    storing.await_true(lambda: blocks.tried == 1, "it has begun")
    blocks.open_volume("vms", "web", "10.0.0.1:0/1")
    blocks.going.set()
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "it waits")
    assert "let go" in storing.service.job(job.id).text
    blocks.open_volume("vms", "web")
    succeeded(storing.finish(job))
