"""The snapshot that was made for a clone goes with it, or whoever leaves it says so."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster
from storage import fill
from volumes import SlowEdits, succeeded

from pvc_core.errors import StorageUnavailable
from pvc_core.model.job import Job
from pvc_core.model.operations import (
    AddSnapshot,
    CloneVolume,
    FlattenVolume,
    Operation,
    RemoveVolume,
    RenameVolume,
)
from pvc_core.model.storage import VolumeDetail
from pvc_drivers.blocks.port import Tell

CLONE = CloneVolume(pool="vms", volume="web", new="copy")
REMOVE = RemoveVolume(pool="vms", volume="copy")
FLATTEN = FlattenVolume(pool="vms", volume="copy")


class Blocks(SlowEdits):
    """`looks` counts; a call that dies has had its effect, one that is `unheard` has not."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.dies = self.unheard = False

    def volume(self, pool: str, name: str) -> VolumeDetail:
        self.looks += 1
        return super().volume(pool, name)

    def remove_volume(self, pool: str, name: str, tell: Tell) -> None:
        super().remove_volume(pool, name, tell)
        self.die()

    def flatten_volume(self, pool: str, volume: str, tell: Tell) -> None:
        super().flatten_volume(pool, volume, tell)
        self.die()

    def clone_volume(self, pool: str, volume: str, snapshot: str, to_pool: str, name: str) -> None:
        if self.unheard:
            self.silent = self.hanging = True
        super().clone_volume(pool, volume, snapshot, to_pool, name)

    def rename_volume(self, pool: str, volume: str, new: str) -> None:
        self.going.wait(10)
        super().rename_volume(pool, volume, new)

    def die(self) -> None:
        if self.dies:
            raise StorageUnavailable("the answer is lost")


@pytest.fixture
def blocks() -> Blocks:
    return fill(Blocks())


def waiting(cluster: DoorCluster, job: Job, text: str) -> None:
    cluster.await_true(lambda: text in cluster.service.job(job.id).text, f"it says: {text}")


@pytest.mark.parametrize("asked", [REMOVE, FLATTEN])
def test_the_parents_lock_is_taken_though_the_storage_was_silent_at_the_door(
    storing: DoorCluster, blocks: Blocks, asked: Operation
) -> None:
    succeeded(storing.run(CLONE))
    blocks.silent = blocks.hanging = True
    job = storing.submit(asked)
    waiting(storing, job, "has not answered")
    blocks.silent = blocks.hanging = False
    succeeded(storing.finish(job))
    assert storing.service.job(job.id).locks == ("volume:vms:copy", "volume:vms:web")
    assert blocks.snapshots("vms", "web") == []


def test_a_parent_that_was_renamed_while_it_waited_in_line_is_found(
    storing: DoorCluster, blocks: Blocks
) -> None:
    succeeded(storing.run(CLONE))
    blocks.going.clear()
    rename = storing.submit(RenameVolume(pool="vms", volume="web", new="www"))
    storing.await_true(lambda: storing.service.job(rename.id).stage == "renaming", "it is at it")
    remove = storing.submit(REMOVE)
    waiting(storing, remove, "waits for lock volume:vms:web")
    blocks.going.set()
    succeeded(storing.finish(rename))
    succeeded(storing.finish(remove))
    assert blocks.snapshots("vms", "www") == []


@pytest.mark.parametrize("asked", [REMOVE, FLATTEN])
def test_a_cancel_that_finds_it_done_drops_the_snapshot_too(
    storing: DoorCluster, blocks: Blocks, asked: Operation
) -> None:
    succeeded(storing.run(CLONE))
    blocks.dies = True
    job = storing.submit(asked)
    waiting(storing, job, "the answer is lost")
    storing.service.cancel(job.id, ME)
    succeeded(storing.finish(job))
    assert blocks.snapshots("vms", "web") == []


@pytest.mark.parametrize("asked", [REMOVE, CLONE])
def test_a_cancel_while_the_storage_is_silent_names_what_may_be_left(
    storing: DoorCluster, blocks: Blocks, asked: Operation
) -> None:
    if asked is REMOVE:
        succeeded(storing.run(CLONE))
    blocks.dies = blocks.unheard = True
    job = storing.submit(asked)
    waiting(storing, job, "the answer is lost" if asked is REMOVE else "has not answered")
    blocks.silent = blocks.hanging = True
    storing.service.cancel(job.id, ME)
    ended = storing.finish(job)
    assert ended.state == "cancelled" and "the storage is silent" in ended.text
    assert "vms/web@clone." in ended.text and "may be left" in ended.text


def test_one_look_serves_the_whole_door(storing: DoorCluster, blocks: Blocks) -> None:
    succeeded(storing.run(CLONE))
    for node in list(storing.workers):
        storing.kill_worker(node)
    blocks.looks = 0
    storing.submit(REMOVE)
    assert blocks.looks == 1


def test_whoever_waits_in_line_has_its_turn_when_locks_are_given_up(
    storing: DoorCluster, blocks: Blocks
) -> None:
    """The removal holds its volume, sees that it needs the parent's lock first, and lets go."""
    succeeded(storing.run(CLONE))
    blocks.silent = blocks.hanging = True
    remove = storing.submit(REMOVE)
    waiting(storing, remove, "has not answered")
    snapshot = storing.submit(AddSnapshot(pool="vms", volume="copy", snapshot="late"))
    blocks.silent = blocks.hanging = False
    ended = storing.finish(remove)
    assert storing.finish(snapshot).state.finished and ended.state.finished
    assert storing.service.store.names("/lock") == ()
