"""A lock's line, whatever a crowd of jobs does to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pvc_core.model.lock import LockRecord
from pvc_core.store.documents import Seen, Store
from pvc_core.store.locks import lock_ref, plan_release, plan_take
from pvc_core.store.memory import MemoryHome, MemoryTree
from pvc_core.store.port import Check, Create, Op

JOBS = [f"20260101t12000{number}-aaaaaaa{number}" for number in range(5)]
FLUSH = lock_ref("flush")
DEEDS = st.lists(st.tuples(st.sampled_from(["take", "release"]), st.sampled_from(JOBS)), max_size=30)


def fresh_store() -> Store:
    store = Store(MemoryHome(MemoryTree()))
    store.commit(Create("/lock"))
    return store


def act(store: Store, deed: str, job: str, now: float) -> tuple[list[Op], int | str | None]:
    seen = store.find(FLUSH)
    ops, answer = plan_take(FLUSH, seen, job, now) if deed == "take" else plan_release(seen, job, now)
    store.commit(*ops)
    return ops, answer


def line(store: Store) -> list[str]:
    seen = store.find(FLUSH)
    return [] if seen is None else list(seen.value.line)


@given(DEEDS)
def test_the_line_is_first_come_first_served(deeds: list[tuple[str, str]]) -> None:
    store = fresh_store()
    expected: list[str] = []
    for now, (deed, job) in enumerate(deeds):
        owner = expected[0] if expected else None
        _, answer = act(store, deed, job, float(now))
        if deed == "take":
            expected += [] if job in expected else [job]
            assert answer == expected.index(job)
        else:
            expected = [other for other in expected if other != job]
            promoted = expected[0] if expected and expected[0] != owner else None
            assert answer == promoted
        assert line(store) == expected


@given(DEEDS)
def test_the_owner_keeps_the_time_it_became_owner(deeds: list[tuple[str, str]]) -> None:
    store = fresh_store()
    owner, since = None, 0.0
    for now, (deed, job) in enumerate(deeds):
        act(store, deed, job, float(now))
        seen = store.find(FLUSH)
        assert (seen is None) == (line(store) == [])
        if seen is None:
            owner = None
            continue
        if seen.value.owner != owner:
            owner, since = seen.value.owner, float(now)
        assert owner is not None and owner not in seen.value.waiters
        assert seen.value.since == since


@given(DEEDS, st.sampled_from(["take", "release"]), st.sampled_from(JOBS))
def test_doing_it_twice_changes_nothing(deeds: list[tuple[str, str]], deed: str, job: str) -> None:
    store = fresh_store()
    for now, (earlier, who) in enumerate(deeds):
        act(store, earlier, who, float(now))
    _, first = act(store, deed, job, 100.0)
    before = store.find(FLUSH)
    ops, second = act(store, deed, job, 200.0)
    assert all(isinstance(op, Check) for op in ops)
    assert store.find(FLUSH) == before
    assert second == (first if deed == "take" else None)


def test_a_lock_left_without_owner_goes_to_the_first_in_line() -> None:
    orphan = Seen(FLUSH, LockRecord(waiters=(JOBS[1], JOBS[2])), 4)
    ops, position = plan_take(FLUSH, orphan, JOBS[2], now=9.0)
    expected = LockRecord(owner=JOBS[1], since=9.0, waiters=(JOBS[2],))
    assert (ops, position) == ([orphan.save(expected)], 1)
    ops, promoted = plan_release(orphan, JOBS[2], now=9.0)
    assert (ops, promoted) == ([orphan.save(LockRecord(owner=JOBS[1], since=9.0))], JOBS[1])


def test_releasing_what_is_not_there_is_nothing() -> None:
    assert plan_release(None, JOBS[0], now=1.0) == ([], None)


def test_fields_of_a_newer_version_stay() -> None:
    seen = Seen(FLUSH, LockRecord.model_validate({"owner": JOBS[0], "reason": "new"}), 0)
    ops, _ = plan_take(FLUSH, seen, JOBS[1], now=1.0)
    assert b'"reason":"new"' in ops[0].data  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["flush", "vm:4f0c.x_y-z", "volume:vms:Web-1", "a" * 200, "..."])
def test_names_of_locks(name: str) -> None:
    assert lock_ref(name).path == f"/lock/{name}"


@pytest.mark.parametrize("name", ["", ".", "..", "a" * 201, "a/b", "a b", "a\n", "ä"])
def test_names_no_lock_may_have(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a lock"):
        lock_ref(name)


def test_only_jobs_stand_in_line() -> None:
    with pytest.raises(ValidationError):
        LockRecord(owner="somebody")
