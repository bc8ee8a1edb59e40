"""Bells: they ring once for what happened, and never carry data."""

from __future__ import annotations

import pytest
from ensembles import Ensemble, Rings

from pvc_core.store.port import Create, Delete, Home, Op, Put, Raw


def settled(home: Home) -> None:
    """Every bell that is due has rung once this one has."""
    rings = Rings()
    home.watch_value("/fence", rings)
    there = home.read(["/fence"])[0] is not None
    home.commit([Delete("/fence") if there else Create("/fence")])
    assert rings.heard()


VALUE_EVENTS: list[tuple[str, Op]] = [
    ("/vm/a/spec", Put("/vm/a/spec", b"new", 0)),
    ("/vm/a/spec", Delete("/vm/a/spec")),
    ("/vm/b", Create("/vm/b")),
]

CHILDREN_EVENTS: list[tuple[str, Op]] = [
    ("/vm", Create("/vm/b")),
    ("/vm/a", Delete("/vm/a/xml")),
    ("/vm/a/xml", Delete("/vm/a/xml")),
    ("/vm/b", Create("/vm/b")),
]


@pytest.mark.parametrize(("path", "op"), VALUE_EVENTS)
def test_a_value_rings_when_it_changes_goes_or_appears(
    vm: Home, ensemble: Ensemble, path: str, op: Op
) -> None:
    rings = Rings()
    assert vm.watch_value(path, rings) == vm.read([path])[0]
    ensemble.open().commit([op])
    assert rings.heard()


@pytest.mark.parametrize(("path", "op"), CHILDREN_EVENTS)
def test_children_ring_when_one_appears_or_goes(vm: Home, ensemble: Ensemble, path: str, op: Op) -> None:
    rings = Rings()
    assert vm.watch_children(path, rings) == vm.children([path])[0]
    ensemble.open().commit([op])
    assert rings.heard()


def test_a_bell_rings_once(vm: Home) -> None:
    value, children = Rings(), Rings()
    vm.watch_value("/vm/a", value)
    vm.watch_children("/vm/a", children)
    vm.commit([Put("/vm/a", b"1", 0), Put("/vm/a", b"2", 1), Create("/vm/a/x"), Create("/vm/a/y")])
    vm.commit([Put("/vm/a", b"3", 2), Delete("/vm/a/x")])
    settled(vm)
    assert (value.count, children.count) == (1, 1)


def test_a_bell_that_still_waits_is_not_hung_twice(vm: Home) -> None:
    rings = Rings()
    for _ in range(3):
        vm.watch_value("/vm/a", rings)
        vm.watch_children("/vm/b", rings)
    vm.commit([Put("/vm/a", b"1", 0)])
    settled(vm)
    assert rings.count == 1


def test_a_bell_is_deaf_to_what_is_not_its_own(vm: Home) -> None:
    value, children = Rings(), Rings()
    vm.watch_value("/vm/a", value)
    vm.watch_children("/vm", children)
    vm.commit([Put("/vm/a/spec", b"1", 0), Create("/vm/a/new"), Put("/vm", b"1", 0)])
    settled(vm)
    assert (value.count, children.count) == (0, 0)


def test_a_commit_that_fails_rings_nothing(vm: Home) -> None:
    rings = Rings()
    vm.watch_value("/vm/a", rings)
    with pytest.raises(Exception, match="exists"):
        vm.commit([Put("/vm/a", b"1", 0), Create("/vm")])
    settled(vm)
    assert rings.count == 0


def test_a_bell_may_use_the_home_and_hang_itself_again(vm: Home) -> None:
    seen: list[Raw | None] = []
    done = Rings()

    def look_again() -> None:
        seen.append(vm.watch_value("/vm/a", look_again))
        if len(seen) == 2:
            done()

    vm.watch_value("/vm/a", look_again)
    first = Rings()
    vm.watch_value("/vm/a", first)
    vm.commit([Put("/vm/a", b"1", 0)])
    assert first.heard()
    settled(vm)
    vm.commit([Put("/vm/a", b"2", 1)])
    assert done.heard()
    assert seen == [Raw(b"1", 1), Raw(b"2", 2)]


def test_bells_ring_when_the_connection_is_lost(vm: Home, ensemble: Ensemble) -> None:
    bells = [Rings() for _ in range(4)]
    vm.watch_value("/vm/a", bells[0])
    vm.watch_value("/absent", bells[1])
    vm.watch_children("/vm", bells[2])
    vm.watch_children("/absent", bells[3])
    ensemble.freeze()
    assert all(rings.heard() for rings in bells)


def test_bells_ring_when_the_session_is_lost(vm: Home, ensemble: Ensemble) -> None:
    bells = [Rings() for _ in range(4)]
    vm.watch_value("/vm/a", bells[0])
    vm.watch_value("/absent", bells[1])
    vm.watch_children("/vm", bells[2])
    vm.watch_children("/absent", bells[3])
    ensemble.expire(vm)
    assert all(rings.heard() for rings in bells)
