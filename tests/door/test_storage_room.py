"""A pool's room when what is known of it is some seconds old: the door may be mistaken, the task is not."""

from __future__ import annotations

from typing import Any

import pytest
from cluster import DoorCluster
from storage import GIB, fill

from pvc_core.decide.storage_room import NotEnoughSpace
from pvc_core.model.operations import AddVolume, CloneVolume, ResizeVolume, UploadVolume
from pvc_drivers.blocks.fake import FakeBlocks

TIB = 1 << 40


class Remembering(FakeBlocks):
    """Whoever is content with an old answer gets `known`."""

    known = 0

    def promised(self, pool: str, age_s: float = 0.0) -> int:
        return self.known if age_s else super().promised(pool)


@pytest.fixture
def blocks() -> Remembering:
    made = fill(Remembering())
    made.add_volume("vms", "huge", 4 * TIB - 25 * GIB)
    return made


@pytest.mark.parametrize(
    "asked",
    [
        AddVolume(pool="vms", volume="new", size="6G"),
        ResizeVolume(pool="vms", volume="web", size="16G"),
        CloneVolume(pool="vms", volume="web", new="copy"),
        UploadVolume(pool="vms", volume="new", length=6 * GIB),
    ],
)
def test_the_task_looks_again_before_it_makes_anything(
    storing: DoorCluster, blocks: Remembering, asked: Any
) -> None:
    before = blocks.volumes("vms")
    job = storing.run(asked)
    assert job.state == "failed" and job.error is not None
    assert job.error.code == NotEnoughSpace.code
    assert blocks.volumes("vms") == before


def test_what_was_full_a_moment_ago_refuses_nobody(storing: DoorCluster, blocks: Remembering) -> None:
    blocks.known = 5 * TIB
    assert storing.run(AddVolume(pool="vms", volume="new", size="5G")).state == "succeeded"
    with pytest.raises(NotEnoughSpace, match="0 B are left"):
        storing.submit(AddVolume(pool="vms", volume="more", size="1G"))


def test_a_quota_is_heeded_at_the_door_and_by_the_task(storing: DoorCluster, blocks: Remembering) -> None:
    blocks.quotas["slow"], blocks.known = 12 * GIB, 10 * GIB
    with pytest.raises(NotEnoughSpace, match="has a quota of 12 GiB"):
        storing.submit(AddVolume(pool="slow", volume="new", size="3G"))
    assert storing.run(AddVolume(pool="slow", volume="new", size="2G")).state == "succeeded"
