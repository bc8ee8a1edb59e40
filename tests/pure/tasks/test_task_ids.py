"""Job ids, and which jobs are old."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pvc_core.model.names import JOB_ID_PATTERN
from pvc_tasks.ids import child_id, created_at, digest, new_job_id
from pvc_tasks.retention import decide_old

MOMENTS = st.integers(min_value=1_600_000_000, max_value=4_000_000_000)
PARENT = "20260101t120000-aaaaaaaa"


@given(MOMENTS, MOMENTS)
def test_ids_are_valid_tell_their_time_and_sort_by_it(first: int, second: int) -> None:
    one, other = new_job_id(first), new_job_id(second)
    assert re.fullmatch(JOB_ID_PATTERN, one)
    assert created_at(one) == first
    assert first == second or (one < other) == (first < second)


def test_two_ids_of_the_same_second_differ() -> None:
    assert len({new_job_id(1_700_000_000) for _ in range(100)}) == 100


def test_a_childs_id_follows_from_parent_subject_and_attempt_alone() -> None:
    assert child_id(PARENT, "vm:a", 1) == child_id(PARENT, "vm:a", 1)
    others = {child_id(PARENT, "vm:a", 2), child_id(PARENT, "vm:b", 1), child_id(new_job_id(1), "vm:a", 1)}
    assert len({child_id(PARENT, "vm:a", 1), *others}) == 4


@given(st.text(max_size=40), st.integers(1, 99999))
def test_a_childs_id_is_valid_and_sorts_behind_its_parent(subject: str, attempt: int) -> None:
    child = child_id(PARENT, subject, attempt)
    assert re.fullmatch(JOB_ID_PATTERN, child)
    assert child > PARENT and created_at(child) == created_at(PARENT)


def test_a_digest_tells_its_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")
    assert "/" not in digest("../..")


def ids(*moments: int) -> list[str]:
    return sorted(new_job_id(moment) for moment in moments)


def test_the_newest_are_kept() -> None:
    found = ids(*range(1_700_000_000, 1_700_000_005))
    assert decide_old(found, keep=3, oldest=0) == found[:2]
    assert decide_old(found, keep=5, oldest=0) == []
    assert decide_old([], keep=5, oldest=0) == []


def test_what_was_made_before_the_limit_is_old_however_few_there_are() -> None:
    found = ids(1_700_000_000, 1_700_000_010, 1_700_000_020)
    assert decide_old(found, keep=100, oldest=1_700_000_010) == found[:1]


@given(st.lists(MOMENTS, max_size=30), st.integers(10, 40), MOMENTS)
def test_whichever_limit_is_reached_first_counts(moments: list[int], keep: int, oldest: int) -> None:
    found = ids(*moments)
    kept = sorted(set(found) - set(decide_old(found, keep, oldest)))
    assert len(kept) <= keep and all(created_at(job) >= oldest for job in kept)
    assert kept == found[len(found) - len(kept) :]
