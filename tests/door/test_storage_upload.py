"""A file becomes a volume, or nothing is left of it: broken connections, dead processes, hostile images."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ME, DoorCluster
from storage import GIB
from uploading import (
    DISK,
    QCOW2,
    RAW,
    SlowUploads,
    begin,
    breaking,
    nothing_left,
    send,
    send_all,
    sha256,
    upload_cluster,
)

from pvc_core.decide.storage_room import NotEnoughSpace
from pvc_core.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    StorageUnavailable,
    VolumeInUse,
    WrongState,
)
from pvc_core.model.operations import ClearUpload, RemoveVolume, UploadVolume
from pvc_core.model.upload import staging_name
from pvc_core.store import tree
from pvc_tasks.uploads import BrokenOff, Uploads, WrongOffset
from pvc_worker.upload_sweep import clear_abandoned_uploads


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_tasks.operations.volume_upload.LOOK_S", 0.05)
    monkeypatch.setattr("pvc_tasks.operations.upload_images.LET_GO_S", 0.3)
    monkeypatch.setattr("pvc_tasks.operations.upload_images.PAUSE_S", 0.05)
    monkeypatch.setattr("pvc_tasks.operations.upload_clear.PAUSE_S", 0.05)
    monkeypatch.setattr("pvc_tasks.receiving.PART", 4096)
    monkeypatch.setattr("pvc_tasks.receiving.NOTE_S", 0.0)
    monkeypatch.setattr("pvc_tasks.receiving.TELL_S", 0.0)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[DoorCluster, SlowUploads]]:
    with upload_cluster(tmp_path) as found:
        yield found


@pytest.fixture
def uploading(made: tuple[DoorCluster, SlowUploads]) -> DoorCluster:
    return made[0]


@pytest.fixture
def blocks(made: tuple[DoorCluster, SlowUploads]) -> SlowUploads:
    return made[1]


def content(blocks: SlowUploads, name: str = "new") -> bytes:
    found = blocks.volume("vms", name)
    with blocks.reading("vms", name) as source:
        return b"".join(source.read([(0, found.size)]))


def test_a_raw_file_becomes_a_volume(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job = begin(uploading)
    shown = uploading.service.job(job.id)
    assert (shown.text, shown.progress.bytes_total) == ("receiving", len(RAW))
    send_all(uploading, job, RAW)
    ended = uploading.finish(job)
    assert ended.state == "succeeded", ended
    assert (ended.result["sha256"], ended.result["format"]) == (sha256(RAW), "raw")
    size = -(-len(RAW) // 512) * 512
    assert blocks.volume("vms", "new").size == ended.result["size"] == size
    assert content(blocks) == RAW.ljust(size, b"\0")
    assert nothing_left(uploading, blocks, "new")


def test_other_formats_are_converted(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job = begin(uploading, QCOW2, size="1M")
    send_all(uploading, job, QCOW2)
    ended = uploading.finish(job)
    assert (ended.state, ended.result["format"], ended.result["size"]) == ("succeeded", "qcow2", 1 << 20)
    assert content(blocks) == DISK.ljust(1 << 20, b"\0")
    assert nothing_left(uploading, blocks, "new")


def test_a_raw_disk_that_looks_like_something_else_is_kept_as_it_is(
    uploading: DoorCluster, blocks: SlowUploads
) -> None:
    job = begin(uploading, QCOW2, image_format="raw")
    send_all(uploading, job, QCOW2)
    ended = uploading.finish(job)
    assert ended.state == "succeeded" and "begins like qcow2" in ended.result["warnings"][0]
    assert content(blocks)[: len(QCOW2)] == QCOW2


def test_what_cannot_be_is_refused_at_once(uploading: DoorCluster, blocks: SlowUploads) -> None:
    fields = {"pool": "vms", "volume": "new", "length": 10}
    for wrong in ({"length": 0}, {"length": -1}, {"volume": ".new"}, {"size": "10X"}, {"checksum": "abc"}):
        with pytest.raises(InvalidRequest):
            UploadVolume.parse({**fields, **wrong})
    for more, error in (
        ({"volume": "web"}, AlreadyExists),
        ({"pool": "none"}, NotFound),
        ({"length": 1 << 50}, NotEnoughSpace),
        ({"size": "500T"}, NotEnoughSpace),
    ):
        with pytest.raises(error):
            uploading.submit(UploadVolume.parse({**fields, **more}))
    assert nothing_left(uploading, blocks)


@pytest.mark.parametrize(
    ("data", "more", "code"),
    [
        (RAW, {"checksum": "0" * 64}, "CHECKSUM_MISMATCH"),
        (RAW, {"image_format": None}, "INVALID_IMAGE"),
        (RAW, {"image_format": "qcow2"}, "INVALID_IMAGE"),
        (QCOW2[:8] + b"\0" * 7 + b"\1" + QCOW2[16:], {}, "INVALID_IMAGE"),
        (QCOW2[:1000], {}, "INVALID_IMAGE"),
    ],
)
def test_what_may_not_be_taken_in_leaves_nothing(
    uploading: DoorCluster, blocks: SlowUploads, data: bytes, more: dict[str, object], code: str
) -> None:
    job = begin(uploading, data, **more)
    send_all(uploading, job, data)
    ended = uploading.finish(job)
    assert ended.state == "failed" and ended.error is not None and ended.error.code == code, ended
    assert ended.error.remedy
    assert nothing_left(uploading, blocks)


def test_what_qemu_img_sees_counts_too(uploading: DoorCluster, blocks: SlowUploads) -> None:
    blocks.infos["qcow2"] = {"backing-filename": "/etc/hostname"}
    job = begin(uploading, QCOW2)
    send_all(uploading, job, QCOW2)
    ended = uploading.finish(job)
    assert ended.state == "failed" and "backing file" in ended.text
    assert nothing_left(uploading, blocks)


def test_a_checksum_that_is_not_the_senders_is_noticed(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job = begin(uploading)
    send(uploading, job, RAW)
    Uploads(uploading.service.world).seal(job.id, sha256(b"another"))
    ended = uploading.finish(job)
    assert ended.error is not None and ended.error.code == "CHECKSUM_MISMATCH"
    assert nothing_left(uploading, blocks)


def test_a_broken_connection_is_gone_on_with(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job, uploads = begin(uploading), Uploads(uploading.service.world)
    with pytest.raises(BrokenOff):
        uploads.receive(job.id, 0, len(RAW), breaking(RAW, 10_000))
    assert uploads.find(job.id).received == 10_000
    with pytest.raises(WrongOffset) as refused:
        send(uploading, job, RAW, 9_000)
    assert refused.value.details["received"] == 10_000
    with pytest.raises(WrongOffset, match="of 102403 bytes have arrived"):
        uploads.seal(job.id, sha256(RAW))
    send(uploading, job, RAW, 10_000)
    uploads.seal(job.id, sha256(RAW))
    ended = uploading.finish(job)
    assert ended.state == "succeeded" and ended.result["sha256"] == sha256(RAW)
    assert content(blocks).startswith(RAW)


def test_parts_and_bodies_without_a_length(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job, uploads = begin(uploading, checksum=sha256(RAW)), Uploads(uploading.service.world)
    uploads.receive(job.id, 0, None, io.BytesIO(RAW[:5000]).read)
    with pytest.raises(InvalidRequest, match="more than the 102403 bytes"):
        uploads.receive(job.id, 5000, len(RAW), io.BytesIO(RAW).read)
    with pytest.raises(InvalidRequest, match="more than the 102403 bytes"):
        uploads.receive(job.id, 5000, None, io.BytesIO(RAW[5000:] + b"more").read)
    assert uploading.finish(job).state == "succeeded"
    assert content(blocks).startswith(RAW)


def test_of_two_connections_the_later_goes_on(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job, uploads = begin(uploading), Uploads(uploading.service.world)
    source = io.BytesIO(RAW)

    def read(most: int) -> bytes:
        if source.tell() == 8192:
            send(uploading, job, RAW, uploads.find(job.id).received)
        return source.read(most)

    with pytest.raises(Conflict, match="another connection"):
        uploads.receive(job.id, 0, len(RAW), read)
    uploads.seal(job.id, sha256(RAW))
    assert uploading.finish(job).state == "succeeded" and content(blocks).startswith(RAW)


def test_a_sender_that_goes_silent_fails_the_task(tmp_path: Path) -> None:
    with upload_cluster(tmp_path, patience_s=0.3) as (cluster, blocks):
        job = begin(cluster)
        with pytest.raises(BrokenOff):
            Uploads(cluster.service.world).receive(job.id, 0, len(RAW), breaking(RAW, 5000))
        ended = cluster.finish(job)
        assert ended.state == "failed" and ended.error is not None and ended.error.code == "SENDER_GONE"
        assert f"5000 of {len(RAW)} bytes" in ended.text
        assert nothing_left(cluster, blocks)


def test_a_silent_storage_is_named_and_waited_for(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job = begin(uploading)
    source, uploads = io.BytesIO(RAW), Uploads(uploading.service.world)

    def read(most: int) -> bytes:
        blocks.hanging = source.tell() >= 8192
        return source.read(most)

    with pytest.raises(StorageUnavailable):
        uploads.receive(job.id, 0, len(RAW), read)
    uploading.await_true(lambda: "not answered" in uploading.service.job(job.id).text, "the task says why")
    blocks.hanging = False
    kept = uploads.find(job.id).received
    assert kept == 8192
    send(uploading, job, RAW, kept)
    uploads.seal(job.id, sha256(RAW))
    assert uploading.finish(job).state == "succeeded" and content(blocks).startswith(RAW)


def test_a_cancel_ends_the_receiving_too(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job, source = begin(uploading), io.BytesIO(RAW)

    def read(most: int) -> bytes:
        if source.tell() == 8192:
            uploading.service.cancel(job.id, ME)
        return source.read(most)

    with pytest.raises(WrongState):
        Uploads(uploading.service.world).receive(job.id, 0, len(RAW), read)
    assert uploading.finish(job).state == "cancelled"
    assert nothing_left(uploading, blocks)
    with pytest.raises(WrongState, match="takes nothing any more"):
        send(uploading, job, RAW)


def test_a_conversion_is_cancelled(uploading: DoorCluster, blocks: SlowUploads) -> None:
    blocks.going.clear()
    job = begin(uploading, QCOW2)
    send_all(uploading, job, QCOW2)
    uploading.await_true(lambda: blocks.conversions == 1, "it converts")
    uploading.service.cancel(job.id, ME)
    uploading.await_true(lambda: uploading.service.job(job.id).stage == "clearing", "it stopped converting")
    blocks.going.set()
    assert uploading.finish(job).state == "cancelled"
    assert nothing_left(uploading, blocks)


def test_another_process_converts_it_when_the_first_has_died(
    uploading: DoorCluster, blocks: SlowUploads
) -> None:
    blocks.going.clear()
    job = begin(uploading, QCOW2)
    send_all(uploading, job, QCOW2)
    uploading.await_true(lambda: blocks.conversions == 1, "it converts")
    uploading.kill_worker(str(uploading.service.job(job.id).notes["worked_by"]).split()[0])
    uploading.await_true(lambda: blocks.conversions == 2, "another has begun again")
    blocks.going.set()
    assert uploading.finish(job).state == "succeeded"
    assert content(blocks).startswith(DISK) and nothing_left(uploading, blocks, "new")


def test_a_conversion_that_stands_still_says_since_when_and_which_pool_is_full(
    uploading: DoorCluster, blocks: SlowUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """qemu-img waits in silence for room in its pool."""
    monkeypatch.setattr("pvc_tasks.standing_still.STILL_S", 0.3)
    blocks.going.clear()
    job = begin(uploading, QCOW2)
    send_all(uploading, job, QCOW2)
    said = lambda: uploading.service.job(job.id).text  # noqa: E731
    uploading.await_true(lambda: "no progress since" in said(), "it says so")
    assert re.search(r"converting it from qcow2: no progress since \d\d:\d\d:\d\d UTC$", said())
    blocks.quotas["vms"] = blocks.stored["vms"] = 5 * GIB
    uploading.await_true(lambda: said().endswith("; pool vms is full: it has a quota of 5 GiB"), "why")
    blocks.quotas.clear()
    blocks.going.set()
    assert uploading.finish(job).state == "succeeded"


def test_a_conversion_that_the_storage_fails_is_made_by_another_coordinator(
    uploading: DoorCluster, blocks: SlowUploads
) -> None:
    blocks.going.clear()
    job = begin(uploading, QCOW2)
    send_all(uploading, job, QCOW2)
    uploading.await_true(lambda: blocks.conversions == 1, "it converts")
    blocks.fails_once = StorageUnavailable("qemu-img was ended by SIGKILL")
    blocks.going.set()
    assert uploading.finish(job).state == "succeeded" and blocks.conversions == 2
    assert content(blocks).startswith(DISK) and nothing_left(uploading, blocks, "new")


def test_the_name_may_be_taken_meanwhile(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job = begin(uploading)
    blocks.add_volume("vms", "new", 1 << 20)
    send_all(uploading, job, RAW)
    ended = uploading.finish(job)
    assert ended.error is not None and ended.error.code == "ALREADY_EXISTS"
    assert blocks.volume("vms", "new").size == 1 << 20 and nothing_left(uploading, blocks, "new")


def test_a_volume_that_was_placed_before_its_process_died_is_not_placed_again(
    uploading: DoorCluster, blocks: SlowUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, calls = blocks.rename_volume, []

    def rename(pool: str, volume: str, new: str) -> None:
        calls.append(new)
        place(pool, volume, new)
        raise StorageUnavailable("the answer is lost")

    monkeypatch.setattr(blocks, "rename_volume", rename)
    job = begin(uploading)
    send_all(uploading, job, RAW)
    assert uploading.finish(job).state == "succeeded" and calls == ["new"]


def test_two_uploads_to_one_name_stand_in_line(uploading: DoorCluster, blocks: SlowUploads) -> None:
    first = begin(uploading)
    fields = {"pool": "vms", "volume": "new", "length": 10, "image_format": "raw"}
    second = uploading.submit(UploadVolume.parse(fields))
    uploading.await_true(lambda: uploading.service.job(second.id).state == "waiting", "it stands in line")
    with pytest.raises(Conflict, match="not ready"):
        Uploads(uploading.service.world).find(second.id)
    send_all(uploading, first, RAW)
    assert uploading.finish(first).state == "succeeded"
    ended = uploading.finish(second)
    assert ended.error is not None and ended.error.code == "ALREADY_EXISTS"


def test_what_was_ended_by_force_is_cleared_by_a_task_of_its_own(
    uploading: DoorCluster, blocks: SlowUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent storage does not tell whether the volume has its name by now."""

    def in_use(*_: str) -> None:
        raise VolumeInUse("it is open")

    monkeypatch.setattr(blocks, "rename_volume", in_use)
    job = begin(uploading)
    send_all(uploading, job, RAW)
    uploading.await_true(lambda: uploading.service.job(job.id).stage == "placing", "it is to be placed")
    blocks.silent = blocks.hanging = True
    uploading.service.cancel(job.id, ME)
    uploading.service.cancel(job.id, ME, force=True)
    assert uploading.service.job(job.id).state == "cancelled"
    blocks.silent = blocks.hanging = False
    assert not nothing_left(uploading, blocks)
    blocks.open_volume("vms", staging_name(job.id), "10.0.0.7:0/1")
    for _ in range(2):
        clear_abandoned_uploads(uploading.service.world)
    clearing = [one for one in uploading.service.jobs() if one.operation == ClearUpload.name]
    assert len(clearing) == 1
    uploading.await_true(lambda: uploading.service.job(clearing[0].id).state == "waiting", "it is open still")
    blocks.open_volume("vms", staging_name(job.id))
    assert uploading.finish(clearing[0]).state == "succeeded"
    assert nothing_left(uploading, blocks)


@pytest.mark.parametrize("why", ["silent", "open"])
def test_what_a_cancel_cannot_remove_is_cleared_by_a_task_of_its_own(
    uploading: DoorCluster, blocks: SlowUploads, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits neither for a storage that is silent, nor for whoever has opened what is left."""
    monkeypatch.setattr("pvc_tasks.operations.upload_images.LET_GO_S", 0.1)
    job = begin(uploading)
    send(uploading, job, RAW)
    blocks.silent = blocks.hanging = why == "silent"
    if why == "open":
        blocks.open_volume("vms", staging_name(job.id), "10.0.0.7:0/1")
    uploading.service.cancel(job.id, ME)
    ended = uploading.finish(job)
    assert ended.state == "cancelled" and "removed by a task of its own" in ended.text
    blocks.silent = blocks.hanging = False
    blocks.open_volume("vms", staging_name(job.id))
    clear_abandoned_uploads(uploading.service.world)
    (clearing,) = [one for one in uploading.service.jobs() if one.operation == ClearUpload.name]
    assert uploading.finish(clearing).state == "succeeded"
    assert nothing_left(uploading, blocks)


def test_an_upload_that_is_at_work_is_not_swept(uploading: DoorCluster, blocks: SlowUploads) -> None:
    job = begin(uploading)
    clear_abandoned_uploads(uploading.service.world)
    assert uploading.service.store.find(tree.upload_ref(job.id)) is not None
    assert all(one.operation != ClearUpload.name for one in uploading.service.jobs())


def test_only_uploads_take_files(uploading: DoorCluster) -> None:
    job = uploading.run(RemoveVolume(pool="vms", volume="db"))
    with pytest.raises(NotFound, match="no upload"):
        send(uploading, job, RAW)
    with pytest.raises(NotFound):
        Uploads(uploading.service.world).find("20260101t000000-aaaaaaaa")
