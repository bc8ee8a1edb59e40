"""Waiting for a document: nobody misses a change, and nothing is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from pvc_core.errors import StoreUnavailable
from pvc_core.model.log import FollowMark
from pvc_core.store.documents import Ref, Store
from pvc_core.store.ensemble import MemoryTree
from pvc_core.store.memory import MemoryHome
from pvc_tasks.awaiting import Awaiting

REF = Ref("/mark", FollowMark, "mark")


class Watching(MemoryHome):
    """Counts the watches that were hung."""

    hung = 0

    def watch_value(self, path, bell):  # type: ignore[no-untyped-def]
        self.hung += 1
        return super().watch_value(path, bell)


@pytest.fixture
def home() -> Watching:
    return Watching(MemoryTree())


def beat(store: Store, number: int) -> None:
    seen = store.find(REF)
    mark = FollowMark(token="t", beat=number)
    store.commit(REF.create(mark) if seen is None else seen.save(mark))


def test_many_wait_through_one_watch(home: Watching) -> None:
    store = Store(home)
    awaiting, found = Awaiting(store), []

    def wait(number: int) -> None:
        seen = awaiting.find(REF, lambda mark: mark.beat >= number, 10)
        found.append(seen.value.beat if seen else None)

    threads = [threading.Thread(target=wait, args=(number % 3 + 1,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for number in (1, 2, 3):
        time.sleep(0.05)
        beat(store, number)
    for thread in threads:
        thread.join(10)
    assert len(found) == 9 and None not in found
    assert home.hung <= 5


def test_an_idle_document_gathers_no_watches(home: Watching) -> None:
    awaiting = Awaiting(Store(home))
    for _ in range(20):
        assert awaiting.find(REF, lambda mark: True, 0.01) is None
    assert home.hung == 1


def test_a_store_that_was_away_is_watched_again(home: Watching) -> None:
    store = Store(home)
    awaiting = Awaiting(store)
    home.tree.down()
    with pytest.raises(StoreUnavailable):
        awaiting.find(REF, lambda mark: True, 1)
    home.tree.up()
    threading.Timer(0.1, beat, (store, 1)).start()
    assert awaiting.find(REF, lambda mark: True, 5) is not None


def test_who_is_content_with_the_first_look_hangs_no_watch(home: Watching) -> None:
    store = Store(home)
    beat(store, 1)
    awaiting = Awaiting(store)
    for _ in range(20):
        assert awaiting.find(REF, lambda mark: mark.beat == 1, 5) is not None
    assert awaiting.find(REF, lambda mark: False, 0) is not None
    assert home.hung == 0


def test_a_look_is_had_every_so_often_through_one_watch(home: Watching) -> None:
    """As for what is not in the document."""
    store = Store(home)
    beat(store, 1)
    assert len(list(Awaiting(store).looks(REF, 0.3, every_s=0.02))) > 5
    assert home.hung == 1


def test_nothing_is_kept_of_what_has_rung_and_nobody_waits_for(home: Watching) -> None:
    store = Store(home)
    awaiting = Awaiting(store)
    refs = [Ref(f"/mark{number}", FollowMark, "mark") for number in range(5)]
    for ref in refs:
        assert awaiting.find(ref, lambda mark: True, 0.01) is None
    for ref in refs:
        store.commit(ref.create(FollowMark(token="t", beat=1)))
    awaiting.find(REF, lambda mark: True, 0.01)
    assert list(awaiting._changes) == ["/mark"]
