"""Locks of jobs, in commits of real sessions."""

from __future__ import annotations

import pytest
from ensembles import Ensemble

from pvc_core.errors import StoreConflict
from pvc_core.store.documents import Store
from pvc_core.store.locks import lock_ref, plan_release, plan_take
from pvc_core.store.port import Create

JOBS = [f"20260101t12000{number}-aaaaaaa{number}" for number in range(3)]
FLUSH = lock_ref("flush")


def take(store: Store, job: str) -> int:
    ops, position = plan_take(FLUSH, store.find(FLUSH), job, now=1.0)
    store.commit(*ops)
    return position


def release(store: Store, job: str) -> str | None:
    ops, promoted = plan_release(store.find(FLUSH), job, now=2.0)
    store.commit(*ops)
    return promoted


@pytest.fixture
def stores(ensemble: Ensemble) -> list[Store]:
    found = [Store(ensemble.open()) for _ in range(3)]
    found[0].commit(Create("/lock"))
    return found


def test_a_lock_goes_down_the_line_and_away(stores: list[Store]) -> None:
    assert [take(store, job) for store, job in zip(stores, JOBS, strict=True)] == [0, 1, 2]
    assert release(stores[0], JOBS[0]) == JOBS[1]
    lock = stores[0].load(FLUSH).value
    assert (lock.owner, lock.since, lock.waiters) == (JOBS[1], 2.0, (JOBS[2],))
    assert release(stores[2], JOBS[2]) is None
    assert release(stores[1], JOBS[1]) is None
    assert stores[0].names("/lock") == ()


def test_of_two_takers_at_once_one_looks_again(stores: list[Store]) -> None:
    first, _ = plan_take(FLUSH, stores[0].find(FLUSH), JOBS[0], now=1.0)
    second, _ = plan_take(FLUSH, stores[1].find(FLUSH), JOBS[1], now=1.0)
    stores[0].commit(*first)
    with pytest.raises(StoreConflict):
        stores[1].commit(*second)
    assert take(stores[1], JOBS[1]) == 1


def test_holding_is_part_of_the_commit(stores: list[Store]) -> None:
    take(stores[0], JOBS[0])
    still_mine, position = plan_take(FLUSH, stores[0].find(FLUSH), JOBS[0], now=3.0)
    assert position == 0
    release(stores[1], JOBS[0])
    with pytest.raises(StoreConflict):
        stores[0].commit(*still_mine, Create("/acted"))
    assert stores[0].home.read(["/acted"]) == [None]
