"""Typed documents: versions to the save, unknown fields kept, unreadable ones named."""

from __future__ import annotations

import json

import pytest
from ensembles import Ensemble, Rings

from pvc_core.errors import NotFound, StoreConflict, StoreTooLarge, StoreUnavailable
from pvc_core.model.record import Record
from pvc_core.store.documents import Ref, Store
from pvc_core.store.port import MAX_VALUE_BYTES, Create, Put


class Thing(Record):
    name: str
    size: int = 0
    note: str | None = None


def thing(name: str) -> Ref[Thing]:
    return Ref(f"/thing/{name}", Thing, f"thing {name}")


@pytest.fixture
def store(ensemble: Ensemble) -> Store:
    found = Store(ensemble.open())
    found.commit(Create("/thing"), thing("a").create(Thing(name="a")))
    return found


def test_what_is_saved_is_read_back(store: Store) -> None:
    seen = store.load(thing("a"))
    store.commit(seen.save(seen.value.but(size=3)))
    again = store.load(thing("a"))
    assert (again.value, again.version) == (Thing(name="a", size=3), 1)


def test_a_save_on_old_ground_is_refused(store: Store) -> None:
    seen = store.load(thing("a"))
    store.commit(seen.save(seen.value.but(size=3)))
    for op in (seen.save(seen.value.but(size=4)), seen.check(), seen.delete()):
        with pytest.raises(StoreConflict):
            store.commit(op)
    assert store.load(thing("a")).value.size == 3


def test_a_delete_at_the_version_seen(store: Store) -> None:
    store.commit(store.load(thing("a")).check(), store.load(thing("a")).delete())
    assert store.find(thing("a")) is None


def test_unknown_fields_survive_a_write_back(store: Store) -> None:
    newer = {"name": "a", "size": 1, "colour": {"top": "red", "none": None}, "tags": [1, None]}
    store.commit(Put("/thing/a", json.dumps(newer).encode(), 0))
    seen = store.load(thing("a"))
    store.commit(seen.save(seen.value.but(size=2)))
    [raw] = store.home.read(["/thing/a"])
    assert raw is not None
    assert json.loads(raw.data) == {**newer, "size": 2}


def test_what_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no thing b"):
        store.load(thing("b"))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"size": 1}', b'{"name": 7}', b"\xff"])
def test_an_unreadable_document_is_named(store: Store, data: bytes) -> None:
    store.commit(Put("/thing/a", data, 0))
    with pytest.raises(StoreUnavailable) as caught:
        store.find(thing("a"))
    assert caught.value.details["path"] == "/thing/a"
    assert "/thing/a" in caught.value.message and "Thing" in caught.value.message


def test_many_are_found_in_order(store: Store) -> None:
    store.commit(thing("b").create(Thing(name="b")))
    refs = [thing(name) for name in "bxa"]
    assert [seen and seen.value.name for seen in store.find_many(refs)] == ["b", None, "a"]
    assert [seen.value.name for seen in store.load_present(refs)] == ["b", "a"]
    assert store.names("/thing") == ("a", "b")
    assert store.names_many(["/nope", "/thing"]) == [(), ("a", "b")]


def test_a_document_that_is_too_large_is_named(store: Store) -> None:
    with pytest.raises(StoreTooLarge) as caught:
        thing("a").create(Thing(name="a", note="x" * MAX_VALUE_BYTES))
    assert caught.value.details["path"] == "/thing/a"


def test_a_watched_document_rings(store: Store) -> None:
    rings = Rings()
    seen = store.watch(thing("a"), rings)
    assert seen is not None
    store.commit(seen.save(Thing(name="a", size=1)))
    assert rings.heard()
    assert store.watch(thing("b"), rings) is None
