"""A call whose answer is lost may have had its effect: whoever cancels its task is told what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import ME, DoorCluster
from storage import GIB, fill, running

from pvc_core.errors import StorageUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import (
    AddSnapshot,
    AddVolume,
    AdoptVolume,
    Operation,
    ProtectSnapshot,
    PutOsdIn,
    RemoveSnapshot,
    RenameSnapshot,
    RenameVolume,
    SetOsdFlag,
    TakeOsdOut,
    UnprotectSnapshot,
    UnsetOsdFlag,
)
from pvc_drivers.blocks.fake import FakeBlocks

WEB: dict[str, Any] = {"pool": "vms", "volume": "web"}
CALLS: list[tuple[str, Operation, str, str]] = [
    ("create_volume", AddVolume(pool="vms", volume="new", size="1G"), "is there", "is not there"),
    ("rename_volume", RenameVolume(**WEB, new="www"), "is called www", "has the name it had"),
    (
        "rename_volume",
        AdoptVolume(pool="vms", volume="fine", image="old disk"),
        "is adopted",
        "is not adopted",
    ),
    ("create_snapshot", AddSnapshot(**WEB, snapshot="late"), "is there", "is not there"),
    ("rename_snapshot", RenameSnapshot(**WEB, snapshot="one", new="two"), "is called two", "has the name"),
    ("protect_snapshot", ProtectSnapshot(**WEB, snapshot="one"), "is protected", "is not protected"),
    ("unprotect_snapshot", UnprotectSnapshot(**WEB, snapshot="kept"), "is not protected", "is protected"),
    ("remove_snapshot", RemoveSnapshot(**WEB, snapshot="one"), "is removed", "is still there"),
    ("set_flag", SetOsdFlag(flag="noin"), "is set", "is not set"),
    ("unset_flag", UnsetOsdFlag(flag="noout"), "is off", "is set as it was"),
    ("put_in", PutOsdIn(osd="2"), "is in", "is out as it was"),
    ("take_out", TakeOsdOut(osd="1", force="osd.1"), "is out", "is in as it was"),
]


@pytest.fixture
def blocks() -> FakeBlocks:
    made = fill(FakeBlocks())
    made.add_volume("vms", "old disk", GIB)
    for name in ("one", "kept"):
        made.add_snapshot("vms", "web", name)
    made.protect_snapshot("vms", "web", "kept")
    made.set_flag("noout")
    made.take_out(2)
    return made


@pytest.fixture
def storing(tmp_path: Path, blocks: FakeBlocks, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoorCluster]:
    """Nothing is tried again before it is cancelled."""
    monkeypatch.setattr("pvc_tasks.engine.RETRY_S", 60)
    with running(tmp_path, blocks, nodes=1) as found:
        yield found


def lose(blocks: FakeBlocks, method: str, reached: bool) -> None:
    whole = getattr(blocks, method)

    def call(*given: Any) -> None:
        if reached:
            whole(*given)
        raise StorageUnavailable("the answer is lost")

    setattr(blocks, method, call)


def cancelled(cluster: DoorCluster, asked: Operation, blocks: FakeBlocks, silent: bool = False) -> Job:
    job = cluster.submit(asked)
    cluster.await_true(lambda: "the answer is lost" in cluster.service.job(job.id).text, "it was called")
    blocks.silent = blocks.hanging = silent
    cluster.service.cancel(job.id, ME)
    return cluster.finish(job)


@pytest.mark.parametrize(("method", "asked", "done", "otherwise"), CALLS)
def test_what_was_done_is_called_done(
    storing: DoorCluster, blocks: FakeBlocks, method: str, asked: Operation, done: str, otherwise: str
) -> None:
    lose(blocks, method, reached=True)
    ended = cancelled(storing, asked, blocks)
    assert ended.state == "succeeded" and done in ended.text


@pytest.mark.parametrize(("method", "asked", "done", "otherwise"), CALLS)
def test_what_was_not_done_is_called_so(
    storing: DoorCluster, blocks: FakeBlocks, method: str, asked: Operation, done: str, otherwise: str
) -> None:
    lose(blocks, method, reached=False)
    ended = cancelled(storing, asked, blocks)
    assert ended.state == "cancelled" and otherwise in ended.text


@pytest.mark.parametrize(("method", "asked", "done", "otherwise"), CALLS)
def test_what_a_silent_storage_does_not_tell_is_left_open(
    storing: DoorCluster, blocks: FakeBlocks, method: str, asked: Operation, done: str, otherwise: str
) -> None:
    lose(blocks, method, reached=False)
    ended = cancelled(storing, asked, blocks, silent=True)
    assert ended.state == "cancelled"
    assert "the storage is silent: it may be that" in ended.text and done in ended.text


def test_before_the_first_call_nothing_was_done(storing: DoorCluster, blocks: FakeBlocks) -> None:
    blocks.silent = blocks.hanging = True
    job = storing.submit(AddSnapshot(**WEB, snapshot="late"))
    storing.await_true(lambda: storing.service.job(job.id).state == "waiting", "it waits")
    storing.service.cancel(job.id, ME)
    assert storing.finish(job).text.endswith(("nothing was done", "nothing was begun"))
