"""A VM leaves to S3 and comes back from there, whatever S3 does meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import ME, DoorCluster, MakeCluster
from exporting import DB, WEB, ExportBlocks, check_copy, fill
from snapshots import keep
from storage import ON, running

from pvc_core.errors import InvalidRequest
from pvc_core.model.job import Job
from pvc_core.model.operations import ExportVmSnapshot, ImportVm
from pvc_drivers.exports.fake_s3 import FakeS3, Stored
from pvc_drivers.exports.s3_errors import S3NotConfigured

CHUNKS = ["PUT vms/out/0/00000000.chunk", "PUT vms/out/1/00000000.chunk"]
SECRET = "hidden-from-all"


@pytest.fixture
def fake() -> Iterator[FakeS3]:
    with FakeS3().serving() as found:
        yield found


@pytest.fixture
def blocks() -> ExportBlocks:
    return ExportBlocks()


@pytest.fixture
def storing(tmp_path: Path, blocks: ExportBlocks, fake: FakeS3) -> Iterator[DoorCluster]:
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text(yaml.safe_dump({"access_key": fake.access_key, "secret_key": SECRET}))
    s3 = {"endpoint": fake.url, "bucket": fake.bucket, "prefix": "vms", "credentials_file": str(keys)}
    section: dict[str, Any] = {"s3": {**s3, "timeout_s": 0.3}, "export_directory": str(tmp_path / "exports")}
    with running(tmp_path, blocks, storage={**section, "overcommit": 100}) as found:
        fill(found, blocks)
        yield found
        fake.answering.set()


def leave(name: str = "first", to: str = "s3:out", base: str | None = None) -> ExportVmSnapshot:
    return ExportVmSnapshot(vm="vm1", snapshot=name, directory=to, incremental_from=base)


def bring(of: str = "s3:out") -> ImportVm:
    return ImportVm(directory=of, node="hv2", rename="copy")


def succeed(job: Job) -> Job:
    assert job.state == "succeeded", (job.text, job.log)
    return job


def test_full_and_incremental_come_back_as_they_were_kept(
    storing: DoorCluster, blocks: ExportBlocks, fake: FakeS3
) -> None:
    job = succeed(storing.run(leave(to="s3:full")))
    assert (job.result["bytes"], job.result["directory"]) == (len(WEB) + len(DB), "s3://exports/vms/full")
    assert {name.split("/")[0] for name in fake.held} == {"vms"}
    blocks.put("web", 4096, bytes(4096))
    keep(storing, "vm1", "second")
    assert succeed(storing.run(leave("second", "s3:incr", "first"))).result["incremental_from"] == "first"
    back = succeed(storing.run(bring("s3:incr")))
    assert back.about == "copy"
    check_copy(storing, blocks)
    assert blocks.holds("copy-0") == blocks.holds("web") and blocks.holds("copy-1") == DB


def test_what_it_builds_on_must_be_there_too(storing: DoorCluster) -> None:
    succeed(storing.run(leave(to="full")))
    keep(storing, "vm1", "second")
    job = storing.run(leave("second", "s3:incr", "first"))
    assert job.error is not None and job.error.code == "NOT_FOUND"
    assert "below s3://exports/vms/" in job.error.message


def test_without_a_place_it_is_refused_when_it_is_asked_for(
    make_cluster: MakeCluster, blocks: ExportBlocks
) -> None:
    cluster = make_cluster(nodes=2, blocks=blocks, subsystems=ON, storage={"overcommit": 100})
    fill(cluster, blocks)
    for asked in (leave(), bring()):
        with pytest.raises(S3NotConfigured, match=r"storage\.s3") as caught:
            cluster.submit(asked)
        assert caught.value.remedy


@pytest.mark.parametrize(
    "place", ["s3:", "s3:../x", "s3:a/b", "s3:.x", "S3:out", "s3:s3:out", "s4:out", "s3:a\n"]
)
def test_no_name_leads_elsewhere(place: str) -> None:
    with pytest.raises(InvalidRequest, match="s3:NAME"):
        ImportVm.parse({"directory": place, "node": "hv1"})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, "InvalidAccessKeyId"), "access key"),
        ((404, "NoSuchBucket"), "bucket"),
        ((403, "AccessDenied"), "let"),
    ],
)
def test_a_refusal_ends_it_with_a_remedy(
    storing: DoorCluster, fake: FakeS3, blocks: ExportBlocks, answer: tuple[int, str], words: str
) -> None:
    fake.refusing = answer
    for asked in (leave(), bring()):
        job = storing.run(asked)
        assert job.error is not None and job.error.code == "OBJECT_STORE_REFUSED", job
        assert words in job.error.message and job.error.remedy
        assert SECRET not in job.model_dump_json() and fake.access_key not in job.model_dump_json()
    assert blocks.drafts() == []


def test_keys_that_others_may_read_are_not_used(storing: DoorCluster, fake: FakeS3, tmp_path: Path) -> None:
    (tmp_path / "keys").chmod(0o644)
    job = storing.run(leave())
    assert job.error is not None and job.error.code == "CONFIG_INVALID" and "chmod 600" in job.error.remedy
    assert fake.asked == []


def test_a_silent_place_is_waited_for(storing: DoorCluster, fake: FakeS3) -> None:
    fake.answering.clear()
    job = storing.submit(leave())
    storing.await_true(lambda: "does not answer" in storing.service.job(job.id).text, "it says for what")
    fake.answering.set()
    succeed(storing.finish(job))
    succeed(storing.run(bring()))


@pytest.mark.parametrize("asked", [leave(), bring()], ids=["out", "back"])
def test_a_cancel_is_heard_while_it_is_silent(
    storing: DoorCluster, fake: FakeS3, asked: ExportVmSnapshot | ImportVm
) -> None:
    fake.answering.clear()
    job = storing.submit(asked)
    storing.await_true(lambda: "does not answer" in storing.service.job(job.id).text, "it waits")
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).state == "cancelled"
    assert "vms/out/manifest.json" not in fake.held


def test_a_worker_that_dies_is_followed_by_one_that_goes_on(
    storing: DoorCluster, blocks: ExportBlocks, fake: FakeS3
) -> None:
    fake.silent_from = CHUNKS[1]
    job = storing.submit(leave())
    storing.await_true(lambda: CHUNKS[1] in fake.asked, "it is in the middle")
    storing.kill_worker("hv1")
    fake.answering.set()
    storing.start_worker("hv1")
    succeed(storing.finish(job))
    assert fake.asked.count(CHUNKS[0]) == 1
    succeed(storing.run(bring()))
    check_copy(storing, blocks)
    assert blocks.holds("copy-0") == bytes(4096) + WEB and blocks.holds("copy-1") == DB


def test_what_is_something_else_is_left_alone(storing: DoorCluster, fake: FakeS3) -> None:
    fake.held["vms/out/begun.json"] = Stored(b"{")
    job = storing.run(leave())
    assert job.error is not None and job.error.code == "EXPORT_DAMAGED", job
    succeed(storing.run(leave(to="s3:mine")))
    keep(storing, "vm1", "second")
    other = storing.run(leave("second", "s3:mine"))
    assert other.error is not None and other.error.code == "ALREADY_EXISTS"
    assert fake.held["vms/out/begun.json"] == Stored(b"{")


def test_an_import_goes_on_where_the_place_fell_silent(
    storing: DoorCluster, blocks: ExportBlocks, fake: FakeS3
) -> None:
    """And what a later export has written is not undone by the zeros of an earlier one."""
    succeed(storing.run(leave(to="s3:full")))
    blocks.put("web", 4096, bytes(len(WEB)))
    keep(storing, "vm1", "second")
    succeed(storing.run(leave("second", "s3:incr", "first")))
    blocks.put("web", 4096, b"again" * 800)
    blocks.put("db", 0, b"other")
    keep(storing, "vm1", "third")
    succeed(storing.run(leave("third", "s3:last", "second")))
    last = "GET vms/last/1/00000000.chunk"
    fake.silent_from, fake.asked[:] = last, []
    job = storing.submit(bring("s3:last"))
    storing.await_true(lambda: "does not answer" in storing.service.job(job.id).text, "it waits")
    assert storing.service.job(job.id).notes["written"] > 0
    fake.answering.set()
    succeed(storing.finish(job))
    chunks = [one for one in fake.asked if one.endswith(".chunk") and one != last]
    assert len(chunks) == len(set(chunks)) > 2
    check_copy(storing, blocks)
    assert blocks.holds("copy-0") == blocks.holds("web") and blocks.holds("copy-1") == blocks.holds("db")


def test_an_export_replaced_meanwhile_is_not_mixed_with_the_other(
    storing: DoorCluster, blocks: ExportBlocks, fake: FakeS3
) -> None:
    succeed(storing.run(leave()))
    blocks.put("db", 0, b"other")
    keep(storing, "vm1", "second")
    succeed(storing.run(leave("second", "s3:other")))
    fake.silent_from = "GET vms/out/1/00000000.chunk"
    job = storing.submit(bring())
    storing.await_true(lambda: "does not answer" in storing.service.job(job.id).text, "it waits")
    for name in [name for name in fake.held if name.startswith("vms/other/")]:
        fake.held[name.replace("vms/other/", "vms/out/")] = fake.held[name]
    fake.answering.set()
    ended = storing.finish(job)
    assert ended.error is not None and ended.error.code == "IMPORT_FAILED" and "replaced" in ended.text
    assert blocks.drafts() == [] and "copy-0" not in blocks.held["vms"]


@pytest.mark.parametrize("spoilt", ["1/00000000.chunk", "domain.xml", "manifest.json"])
def test_damage_is_found_before_there_is_a_vm(
    storing: DoorCluster, blocks: ExportBlocks, fake: FakeS3, spoilt: str
) -> None:
    """Whatever the object itself says of its checksum."""
    succeed(storing.run(leave()))
    known = fake.held[f"vms/out/{spoilt}"]
    fake.held[f"vms/out/{spoilt}"] = Stored(b"x" * len(known.data), known.metadata)
    job = storing.run(bring())
    assert job.error is not None and job.error.code in ("IMPORT_FAILED", "EXPORT_DAMAGED"), job
    assert blocks.drafts() == [] and "copy-0" not in blocks.held["vms"]
