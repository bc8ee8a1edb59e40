"""A VM leaves as files and comes back from them, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster
from exporting import DB, WEB, ExportBlocks, check_copy, fill
from snapshots import keep
from storage import GIB, running
from volumes import define_with

from pvc_core.decide.export import ExportDamaged
from pvc_core.decide.vm_snapshot import SnapshotNotWhole
from pvc_core.errors import AlreadyExists, InvalidRequest, NotFound, StorageUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import (
    AddVmVolume,
    ExportVmSnapshot,
    ImportVm,
    RemoveVmSnapshot,
    RemoveVmVolume,
    StartVm,
)

PARTS = ["begun.json", "domain.xml", "manifest.json"]


@pytest.fixture
def blocks() -> ExportBlocks:
    return ExportBlocks()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture
def storing(tmp_path: Path, blocks: ExportBlocks, store: Path) -> Iterator[DoorCluster]:
    section = {"export_directory": str(store), "overcommit": 100}
    with running(tmp_path, blocks, storage=section) as found:
        fill(found, blocks)
        yield found


def export(cluster: DoorCluster, name: str = "first", to: str = "out", base: str | None = None) -> Job:
    job = cluster.run(ExportVmSnapshot(vm="vm1", snapshot=name, directory=to, incremental_from=base))
    assert job.state == "succeeded", (job.text, job.log)
    return job


def bring(cluster: DoorCluster, name: str = "copy", of: str = "out") -> Job:
    return cluster.run(ImportVm(directory=of, node="hv2", rename=name))


def test_it_comes_back_as_it_was_kept(storing: DoorCluster, blocks: ExportBlocks, store: Path) -> None:
    blocks.put("web", 0, b"later")
    job = export(storing)
    assert job.result["bytes"] == len(WEB) + len(DB)
    assert sorted(path.name for path in (store / "out").iterdir() if path.is_file()) == PARTS
    back = bring(storing)
    assert back.state == "succeeded", (back.text, back.log)
    check_copy(storing, blocks)
    assert blocks.holds("copy-0") == bytes(4096) + WEB and blocks.holds("copy-1") == DB
    assert "MAC" in back.result["warnings"][0]
    assert storing.run(StartVm(vm="copy")).state == "succeeded"


def test_what_changed_since_is_enough(storing: DoorCluster, blocks: ExportBlocks) -> None:
    export(storing, to="full")
    blocks.put("web", 4096, bytes(4096))
    blocks.put("db", 8192, b"more")
    keep(storing, "vm1", "second")
    blocks.put("db", 0, b"later")
    keep(storing, "vm1", "third")
    assert export(storing, "second", "incr", "first").result["bytes"] == 4096
    assert export(storing, "third", "again", "second").result["bytes"] == 4096
    assert bring(storing, "copy", "again").state == "succeeded"
    check_copy(storing, blocks)
    assert blocks.holds("copy-0") == blocks.holds("web") and blocks.holds("copy-1") == blocks.holds("db")


def test_what_a_volume_lost_when_it_shrank_does_not_come_back(
    storing: DoorCluster, blocks: ExportBlocks
) -> None:
    """It has its old size again, with nothing but zeros where it was cut off."""
    export(storing, to="full")
    blocks.resize_volume("vms", "db", 4096, lambda done, total: None)
    del blocks.content_of("vms", "db")[4096:]
    keep(storing, "vm1", "second")
    export(storing, "second", "small", "first")
    blocks.resize_volume("vms", "db", 10 * GIB, lambda done, total: None)
    keep(storing, "vm1", "third")
    export(storing, "third", "again", "second")
    assert bring(storing, "copy", "again").state == "succeeded"
    assert blocks.holds("copy-1") == blocks.holds("db") == DB[:4096]


def test_a_disk_that_was_away_for_a_while_is_what_it_is_now(
    storing: DoorCluster, blocks: ExportBlocks
) -> None:
    """It is exported in full, then: nothing of what it held before is in the way."""
    export(storing, to="full")
    assert storing.run(RemoveVmVolume(vm="vm1", volume="vms/db")).state == "succeeded"
    keep(storing, "vm1", "second")
    export(storing, "second", "without", "first")
    blocks.put("db", 0, bytes(8192))
    assert storing.run(AddVmVolume(vm="vm1", volume="vms/db")).state == "succeeded"
    keep(storing, "vm1", "third")
    export(storing, "third", "again", "second")
    assert bring(storing, "copy", "again").state == "succeeded"
    assert blocks.holds("copy-1") == blocks.holds("db") == bytes(8192) + DB[8192:]


def test_an_increment_needs_what_it_builds_on(
    storing: DoorCluster, blocks: ExportBlocks, store: Path
) -> None:
    keep(storing, "vm1", "second")
    job = storing.run(
        ExportVmSnapshot(vm="vm1", snapshot="second", directory="incr", incremental_from="first")
    )
    assert job.error is not None and job.error.code == "NOT_FOUND" and "no whole export of first" in job.text
    with pytest.raises(InvalidRequest, match="earlier"):
        storing.submit(
            ExportVmSnapshot(vm="vm1", snapshot="first", directory="incr", incremental_from="second")
        )
    export(storing, to="full")
    export(storing, "second", "incr", "first")
    manifest = store / "full/manifest.json"
    manifest.write_text(manifest.read_text().replace("the shop", "another"))
    failed = bring(storing, "copy", "incr")
    assert failed.error is not None and failed.error.code == ExportDamaged.code
    assert blocks.drafts() == []


def test_what_else_lies_there_is_not_in_the_way_of_an_increment(storing: DoorCluster, store: Path) -> None:
    export(storing, to="full")
    (store / "broken").mkdir()
    (store / "broken/manifest.json").write_text('{"format": 2}')
    (store / "latest").symlink_to("full")
    (store / "another").mkdir()
    (store / "another/manifest.json").mkdir()
    keep(storing, "vm1", "second")
    assert export(storing, "second", "incr", "first").result["incremental_from"] == "first"
    (store / "full/manifest.json").write_text("{")
    keep(storing, "vm1", "third")
    job = storing.run(ExportVmSnapshot(vm="vm1", snapshot="third", directory="x", incremental_from="first"))
    assert job.error is not None and job.error.code == "NOT_FOUND"
    assert "not to be read, or without what they build on: another, broken, full, latest" in job.text


def test_a_chain_may_be_as_long_as_there_were_exports(
    storing: DoorCluster, blocks: ExportBlocks, store: Path
) -> None:
    """A year of days: each snapshot goes once the next one builds on it."""
    export(storing, to="day0")
    manifest = json.loads((store / "day0/manifest.json").read_text())
    for disk in manifest["disks"]:
        disk["chunks"] = []
    for day in range(1, 366):
        data = (store / f"day{day - 1}/manifest.json").read_bytes()
        base = {"directory": f"day{day - 1}", "snapshot": "first"}
        manifest["parent"] = base | {"manifest_sha256": hashlib.sha256(data).hexdigest()}
        (store / f"day{day}").mkdir()
        (store / f"day{day}/manifest.json").write_text(json.dumps(manifest))
    shutil.copy(store / "day0/domain.xml", store / "day365")
    job = bring(storing, "copy", "day365")
    assert job.state == "succeeded", job.text
    assert blocks.holds("copy-0") == bytes(4096) + WEB and blocks.holds("copy-1") == DB


def test_no_increment_is_made_that_could_not_be_imported(storing: DoorCluster, store: Path) -> None:
    """What its base builds on has to be there as well."""
    export(storing, to="full")
    keep(storing, "vm1", "second")
    export(storing, "second", "incr", "first")
    keep(storing, "vm1", "third")
    shutil.rmtree(store / "full")
    job = storing.run(ExportVmSnapshot(vm="vm1", snapshot="third", directory="x", incremental_from="second"))
    assert job.error is not None and job.error.code == "NOT_FOUND"
    assert "without what they build on: incr" in job.text and not (store / "x").exists()


@pytest.mark.parametrize("died", [True, False], ids=["half", "whole"])
def test_an_increment_stays_with_what_it_was_begun_on(storing: DoorCluster, store: Path, died: bool) -> None:
    """Its base may lie there once more by then, and be found first."""
    export(storing, to="full")
    keep(storing, "vm1", "second")
    export(storing, "second", "incr", "first")
    before = (store / "incr/manifest.json").read_text()
    if died:
        (store / "incr/manifest.json").unlink()
    shutil.copytree(store / "full", store / "a-copy")
    export(storing, "second", "incr", "first")
    assert (store / "incr/manifest.json").read_text() == before
    shutil.rmtree(store / "full")
    job = storing.run(
        ExportVmSnapshot(vm="vm1", snapshot="second", directory="incr", incremental_from="first")
    )
    assert job.error is not None and job.error.code == "ALREADY_EXISTS"


@pytest.mark.parametrize(
    "directory", ["../x", "a/b", ".", "..", "/etc", "", "a b", ".hidden", "a\n", "x" * 128]
)
def test_no_directory_leads_elsewhere(directory: str) -> None:
    with pytest.raises(InvalidRequest, match="directory"):
        ImportVm.parse({"directory": directory, "node": "hv1"})


def test_neither_does_a_link(storing: DoorCluster, store: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    store.mkdir(exist_ok=True)
    (store / "out").symlink_to(tmp_path / "elsewhere")
    job = storing.run(ExportVmSnapshot(vm="vm1", snapshot="first", directory="out"))
    assert job.error is not None and job.error.code == "EXPORT_FAILED" and "link" in job.text
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_cannot_be_is_refused(storing: DoorCluster, blocks: ExportBlocks) -> None:
    for request in (
        ExportVmSnapshot(vm="vm1", snapshot="none", directory="out"),
        ExportVmSnapshot(vm="vm1", snapshot="first", directory="out", node="none"),
        ImportVm(directory="out", node="none"),
        ImportVm(directory="out", node="hv1", pool="none"),
    ):
        with pytest.raises(NotFound):
            storing.submit(request)
    with pytest.raises(AlreadyExists):
        storing.submit(ImportVm(directory="out", node="hv1", rename="vm1"))
    missing = storing.run(ImportVm(directory="out", node="hv1"))
    assert missing.error is not None and missing.error.code == "NOT_FOUND"
    export(storing)
    taken = storing.run(ImportVm(directory="out", node="hv1"))
    assert taken.error is not None and taken.error.code == "ALREADY_EXISTS"
    assert blocks.drafts() == []


def test_half_a_snapshot_is_not_exported(storing: DoorCluster, blocks: ExportBlocks) -> None:
    seen = storing.service.store
    from pvc_core.model.vm_snapshot import SnapshotState
    from pvc_core.store import tree

    found = seen.load(tree.vm_snapshot(storing.service.vm("vm1").spec.uuid, "first"))
    seen.commit(found.save(found.value.but(state=SnapshotState.REMOVING)))
    with pytest.raises(SnapshotNotWhole):
        storing.submit(ExportVmSnapshot(vm="vm1", snapshot="first", directory="out"))


def test_the_same_again_is_done_already_and_another_is_refused(storing: DoorCluster, store: Path) -> None:
    export(storing)
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}
    export(storing)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()} == before
    keep(storing, "vm1", "second")
    job = storing.run(ExportVmSnapshot(vm="vm1", snapshot="second", directory="out"))
    assert job.error is not None and job.error.code == "ALREADY_EXISTS"


def test_an_export_that_was_interrupted_goes_on_where_it_was(
    storing: DoorCluster, blocks: ExportBlocks, store: Path
) -> None:
    export(storing)
    (store / "out/manifest.json").unlink()
    good, bad = store / "out/0/00000000.chunk", store / "out/1/00000000.chunk"
    before = good.stat().st_mtime_ns
    bad.write_bytes(b"torn")
    (store / "out/0/.00000001.chunk.abcd.part").write_bytes(b"half")
    export(storing)
    assert good.stat().st_mtime_ns == before and bad.read_bytes() == DB
    assert not list(store.rglob("*.part"))
    assert bring(storing).state == "succeeded"


def test_a_silent_storage_is_waited_for_and_a_cancel_leaves_no_manifest(
    storing: DoorCluster, blocks: ExportBlocks, store: Path
) -> None:
    blocks.silent = blocks.hanging = True
    job = storing.submit(ExportVmSnapshot(vm="vm1", snapshot="first", directory="out"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "the job waits")
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled"
    assert not (store / "out/manifest.json").exists()
    blocks.silent = blocks.hanging = False
    export(storing)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda out: (out / "1/00000000.chunk").write_bytes(b"x" * len(DB)),
        lambda out: (out / "1/00000000.chunk").write_bytes(DB[:-1]),
        lambda out: (out / "1/00000000.chunk").unlink(),
        lambda out: (out / "domain.xml").write_text("<domain/>"),
        lambda out: redefine(out, b"\xff<domain/>"),
        lambda out: (out / "manifest.json").write_text("{"),
        lambda out: edit(out, lambda manifest: manifest["disks"][0]["chunks"][0].update(file="../../x")),
        lambda out: edit(out, lambda manifest: manifest["disks"][0].update(size=1)),
        lambda out: edit(out, lambda manifest: manifest.update(format=2)),
    ],
)
def test_damage_is_found_before_there_is_a_vm(
    storing: DoorCluster, blocks: ExportBlocks, store: Path, spoil: Callable[[Path], object]
) -> None:
    export(storing)
    spoil(store / "out")
    before = [one.name for one in blocks.volumes("vms")]
    job = bring(storing)
    assert job.state == "failed" and job.error is not None, job
    assert job.error.code in ("IMPORT_FAILED", "EXPORT_DAMAGED", "NOT_FOUND"), job.error
    assert [one.name for one in blocks.volumes("vms")] == before
    with pytest.raises(NotFound):
        storing.service.vm("copy")


def redefine(out: Path, data: bytes) -> None:
    (out / "domain.xml").write_bytes(data)
    edit(out, lambda manifest: manifest.update(definition_sha256=hashlib.sha256(data).hexdigest()))


def edit(out: Path, change: Callable[[dict[str, object]], object]) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    change(manifest)
    (out / "manifest.json").write_text(json.dumps(manifest))


def test_a_name_taken_meanwhile_leaves_what_is_others_alone(
    storing: DoorCluster, blocks: ExportBlocks
) -> None:
    export(storing)
    blocks.on_create = lambda: blocks.held["vms"].setdefault("copy-1", blocks.found("vms", "db"))
    job = bring(storing)
    assert job.error is not None and job.error.code == "IMPORT_FAILED"
    names = list(blocks.held["vms"])
    assert "copy-1" in names and "copy-0" not in names and blocks.drafts() == []


def test_it_is_given_no_volume_that_another_vm_is_defined_with(
    storing: DoorCluster, blocks: ExportBlocks
) -> None:
    """One that is not there, so far."""
    export(storing)
    define_with(storing, "other", "vms/copy-0")
    failed = bring(storing)
    assert failed.error is not None and failed.error.code == "ALREADY_EXISTS"
    assert "VM other has vms/copy-0 as a disk" in failed.error.message
    assert not [one.name for one in blocks.volumes("vms") if one.name.startswith(("copy", "import"))]


def test_a_cancelled_import_leaves_nothing(storing: DoorCluster, blocks: ExportBlocks) -> None:
    export(storing)
    times: list[int] = []

    def stop_at_the_second() -> None:
        times.append(1)
        if len(times) == 2:
            blocks.halted.set()
            raise StorageUnavailable("not now")

    blocks.on_create = stop_at_the_second
    job = storing.submit(ImportVm(directory="out", node="hv2", rename="copy"))
    assert blocks.halted.wait(10)
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state in ("cancelled", "succeeded")
    assert blocks.drafts() == []
    if ended.state == "cancelled":
        assert "copy-0" not in blocks.held["vms"]


@pytest.mark.parametrize("arrives", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("commit", range(1, 13))
def test_an_import_survives_death_at_each_of_its_commits(
    storing: DoorCluster, blocks: ExportBlocks, commit: int, arrives: bool
) -> None:
    from engine_checks import Doom, check_sound

    export(storing)
    doom = Doom(storing, "hv2", commit, arrives)
    job = storing.submit(ImportVm(directory="out", node="hv2", rename="copy"))
    storing.await_true(lambda: doom.struck or storing.service.job(job.id).state.finished, "the blow falls")
    storing.kill_worker("hv2")
    storing.start_worker("hv2")
    ended = storing.finish(job)
    assert ended.state == "succeeded", (ended.text, ended.log)
    check_copy(storing, blocks)
    assert blocks.holds("copy-0") == bytes(4096) + WEB and blocks.holds("copy-1") == DB
    check_sound(storing)


def test_a_snapshot_stays_while_it_is_exported(storing: DoorCluster, blocks: ExportBlocks) -> None:
    blocks.silent = blocks.hanging = True
    out = storing.submit(ExportVmSnapshot(vm="vm1", snapshot="first", directory="out"))
    storing.await_true(lambda: storing.service.job(out.id).state == "waiting", "it is at it")
    gone = storing.submit(RemoveVmSnapshot(vm="vm1", snapshot="first"))
    storing.await_true(lambda: storing.service.job(gone.id).state == "waiting", "it waits")
    assert storing.service.job(gone.id).waiting.on == out.id  # type: ignore[union-attr]
    start = storing.submit(StartVm(vm="vm1"))
    storing.await_true(lambda: "storage has not answered" in storing.service.job(start.id).text, "no lock")
    blocks.silent = blocks.hanging = False
    assert all(storing.finish(job).state == "succeeded" for job in (out, gone, start))
