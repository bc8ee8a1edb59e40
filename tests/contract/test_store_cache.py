"""A home that remembers: it asks once, sees its own writes at once, and other sessions' soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
from ensembles import Ensemble

from pvc_core.errors import StoreConflict, StoreUnavailable
from pvc_core.store.cache import CachingHome
from pvc_core.store.port import Create, Delete, Home, Note, Put, Raw

COVERED = ("/vm",)


class Counting:
    """Counts the paths that the home below is asked for."""

    def __init__(self, home: Home) -> None:
        self._home, self.asked = home, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._home, name)

    def note_values(self, paths: Sequence[str], notes: Sequence[Note]) -> list[Raw | None]:
        self.asked += len(paths)
        return self._home.note_values(paths, notes)


@pytest.fixture
def below(vm: Home) -> Counting:
    return Counting(vm)


@pytest.fixture
def cached(below: Counting) -> CachingHome:
    return CachingHome(below, COVERED)  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_what_did_not_change_is_asked_for_once(cached: CachingHome, below: Counting) -> None:
    for _ in range(3):
        assert cached.read(["/vm/a/spec", "/vm/nowhere"]) == [Raw(b"S", 0), None]
    assert below.asked == 2


def test_its_own_writes_are_seen_at_once(cached: CachingHome) -> None:
    cached.read(["/vm/a/spec"])
    cached.children(["/vm"])
    cached.commit([Put("/vm/a/spec", b"new", 0), Create("/vm/b")])
    assert cached.read(["/vm/a/spec"]) == [Raw(b"new", 1)]
    assert cached.children(["/vm"]) == [("a", "b")]


def test_others_writes_are_seen_soon(cached: CachingHome, ensemble: Ensemble) -> None:
    assert cached.read(["/vm/a/spec", "/vm/b"]) == [Raw(b"S", 0), None]
    ensemble.open().commit([Put("/vm/a/spec", b"new", 0), Create("/vm/b", b"B")])
    assert eventually(lambda: cached.read(["/vm/a/spec", "/vm/b"]) == [Raw(b"new", 1), Raw(b"B", 0)])


def test_others_children_are_seen_soon(cached: CachingHome, ensemble: Ensemble) -> None:
    assert cached.children(["/vm"]) == [("a",)]
    ensemble.open().commit([Delete("/vm/a/spec"), Delete("/vm/a/xml"), Delete("/vm/a")])
    assert eventually(lambda: cached.children(["/vm"]) == [()])


def test_it_never_remembers_what_is_older_than_what_was_read(
    cached: CachingHome, ensemble: Ensemble, vm: Home
) -> None:
    """Else a plan could be made on an old VM and committed against the present `/placement`."""
    other = ensemble.open()
    other.commit([Create("/placement"), Create("/busy")])
    for version in range(20):
        cached.read(["/vm/a/spec"])
        vm.note_values(["/busy"], [lambda: time.sleep(0.02)])
        value = str(version).encode()
        paths = ("/busy", "/vm/a/spec", "/placement")
        other.commit([Put(path, value, version) for path in paths])
        while cached.read(["/placement"]) != [Raw(value, version + 1)]:
            pass
        assert cached.read(["/vm/a/spec"]) == [Raw(value, version + 1)]


def test_a_conflict_makes_it_look_again(cached: CachingHome, ensemble: Ensemble) -> None:
    """Whatever the reason for it: a retry must not decide on the same memory."""
    cached.read(["/vm/a/spec", "/vm/a/xml"])
    ensemble.open().commit([Put("/vm/a/spec", b"new", 0)])
    with pytest.raises(StoreConflict):
        cached.commit([Put("/vm/a/spec", b"mine", 0)])
    assert cached.read(["/vm/a/spec"]) == [Raw(b"new", 1)]


def test_a_lost_session_forgets(cached: CachingHome, ensemble: Ensemble, vm: Home) -> None:
    """With the session its watches are gone: nobody would ring for a change."""
    cached.read(["/vm/a/spec"])
    ensemble.expire(vm)
    ensemble.open().commit([Put("/vm/a/spec", b"new", 0)])
    ensemble.recover(vm)
    assert eventually(lambda: _reads(cached) == Raw(b"new", 1))


def test_what_it_does_not_cover_is_read_every_time(cached: CachingHome, ensemble: Ensemble) -> None:
    cached.commit([Create("/job", b"1")])
    assert cached.read(["/job"]) == [Raw(b"1", 0)]
    ensemble.open().commit([Put("/job", b"2", 0)])
    assert eventually(lambda: cached.read(["/job"]) == [Raw(b"2", 1)])


def _reads(cached: CachingHome) -> Raw | None:
    try:
        return cached.read(["/vm/a/spec"])[0]
    except StoreUnavailable:
        return None
