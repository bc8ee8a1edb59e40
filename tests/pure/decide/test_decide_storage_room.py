"""What a pool may promise, in which steps a volume shrinks, how sizes are said."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.shrinking import LEAST, STEPS, plan_shrink
from pvc_core.decide.storage_room import NotEnoughSpace, Room, check_room, room_of
from pvc_core.model.size import render_size
from pvc_core.model.storage import PoolUse

GIB = 1 << 30


def test_all_that_is_left_may_be_promised_and_no_more() -> None:
    room = Room("vms", capacity=100 * GIB, promised=60 * GIB, overcommit=1.0)
    check_room(room, 40 * GIB)
    with pytest.raises(NotEnoughSpace) as refused:
        check_room(room, 40 * GIB + 512)
    assert refused.value.message == (
        "pool vms cannot promise 40 GiB more: it holds 100 GiB, of which 60 GiB are promised to its volumes "
        "and 40 GiB are left"
    )
    assert refused.value.details["left"] == 40 * GIB


def test_overcommit_multiplies_what_it_holds() -> None:
    room = Room("vms", capacity=100 * GIB, promised=120 * GIB, overcommit=1.5)
    check_room(room, 30 * GIB)
    with pytest.raises(NotEnoughSpace, match=r"100 GiB times 1\.5"):
        check_room(room, 31 * GIB)


def test_a_pool_that_promises_too_much_already_has_nothing_left() -> None:
    room = Room("vms", capacity=100 * GIB, promised=120 * GIB, overcommit=1.0)
    assert room.left == 0
    check_room(room, 0)
    with pytest.raises(NotEnoughSpace, match="0 B are left"):
        check_room(room, 1)


def use(stored: int, available: int, quota: int) -> PoolUse:
    return PoolUse(name="vms", stored=stored, used=3 * stored, available=available, objects=1, quota=quota)


@pytest.mark.parametrize(
    ("quota", "capacity", "by_quota"),
    [
        (0, 100 * GIB, False),
        (40 * GIB, 40 * GIB, True),
        (5 * GIB, 5 * GIB, True),
        (400 * GIB, 100 * GIB, False),
    ],
)
def test_a_pool_holds_no_more_than_its_quota(quota: int, capacity: int, by_quota: bool) -> None:
    room = room_of(use(10 * GIB, 90 * GIB, quota), 0, 1.0)
    assert (room.capacity, room.by_quota) == (capacity, by_quota)


def test_a_quota_that_leaves_no_room_is_named() -> None:
    room = room_of(use(10 * GIB, 90 * GIB, 40 * GIB), 30 * GIB, 1.0)
    check_room(room, 10 * GIB)
    with pytest.raises(NotEnoughSpace, match="it has a quota of 40 GiB, of which 30 GiB are") as refused:
        check_room(room, 11 * GIB)
    assert "set-quota vms max_bytes" in refused.value.remedy


@given(st.integers(1, 1 << 50), st.integers(1, 1 << 50))
def test_shrinking_goes_down_to_its_goal_in_few_steps(one: int, other: int) -> None:
    size, goal = max(one, other), min(one, other)
    steps = list(plan_shrink(size, goal))
    assert steps[-1] == goal and steps == sorted(steps, reverse=True)
    assert len(steps) <= 2 * STEPS + 1
    assert all(before - after <= max(LEAST, (size - goal) // STEPS) for before, after in pairwise(steps))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1536, "1.5 KiB"),
        (GIB - 1, "1023.9 MiB"),
        (GIB, "1 GiB"),
        (3 * GIB // 2, "1.5 GiB"),
        (5 << 40, "5 TiB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert render_size(size) == words
