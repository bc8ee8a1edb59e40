"""Sessions and their ephemerals, and answers in time when nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from ensembles import PATIENCE_S, Ensemble, Rings, SessionWatch

from pvc_core.errors import StoreConflict, StoreUnavailable
from pvc_core.store.port import Check, Create, Delete, Home, Put, Raw

ANSWER_LIMIT_S = 6.0


def await_gone(home: Home, path: str) -> None:
    deadline = monotonic() + PATIENCE_S
    rings = Rings()
    while home.watch_value(path, rings) is not None:
        assert rings.heard(deadline - monotonic()), f"{path} is still there"
        rings = Rings()


def test_two_sessions_have_different_numbers(ensemble: Ensemble) -> None:
    numbers = [ensemble.open().session() for _ in range(3)]
    assert None not in numbers and len(set(numbers)) == 3


def test_a_session_keeps_its_number(vm: Home) -> None:
    first = vm.session()
    vm.commit([Put("/vm", b"1", 0)])
    assert vm.session() == first is not None


def test_ephemerals_are_told_apart(home: Home) -> None:
    home.commit([Create("/claim", b"me", ephemeral=True), Create("/job", b"it")])
    assert home.read(["/claim", "/job"]) == [Raw(b"me", 0, ephemeral=True), Raw(b"it", 0)]


def test_ephemerals_have_no_children(home: Home) -> None:
    home.commit([Create("/claim", ephemeral=True)])
    with pytest.raises(StoreConflict) as caught:
        home.commit([Create("/claim/below")])
    assert caught.value.details["path"] == "/claim/below"


def test_ephemerals_go_at_once_when_their_session_closes(vm: Home, ensemble: Ensemble) -> None:
    other = ensemble.open()
    other.commit([Create("/vm/a/claim", ephemeral=True), Create("/vm/a/stays")])
    value, children = Rings(), Rings()
    vm.watch_value("/vm/a/claim", value)
    vm.watch_children("/vm/a", children)
    other.close()
    assert value.heard(2) and children.heard(2)
    assert vm.children(["/vm/a"]) == [("spec", "stays", "xml")]


def test_a_closed_home_has_no_session_and_answers_so(vm: Home) -> None:
    vm.close()
    assert vm.session() is None
    for call in calls(vm):
        with pytest.raises(StoreUnavailable):
            call()
    vm.close()


def test_others_do_not_lose_theirs(vm: Home, ensemble: Ensemble) -> None:
    vm.commit([Create("/mine", ephemeral=True)])
    number = vm.session()
    other = ensemble.open()
    other.commit([Create("/theirs", ephemeral=True)])
    other.close()
    await_gone(vm, "/theirs")
    assert vm.session() == number
    assert vm.read(["/mine"]) == [Raw(b"", 0, ephemeral=True)]


def test_an_expired_session_takes_its_ephemerals_and_another_follows(vm: Home, ensemble: Ensemble) -> None:
    loser = ensemble.open()
    watch = SessionWatch(loser)
    loser.commit([Create("/claim", ephemeral=True)])
    first = loser.session()
    changes = Rings()
    loser.on_session_change(changes)
    ensemble.expire(loser)
    await_gone(vm, "/claim")
    assert changes.heard()
    ensemble.recover(loser)
    second = watch.until(lambda session: session not in (None, first))
    assert second is not None and first is not None
    with pytest.raises(StoreConflict):
        loser.commit([Check("/claim", 0), Put("/vm/a", b"late", 0)])
    assert loser.read(["/vm/a"]) == [Raw(b"A", 0)]


def test_nobody_there_is_said_in_time(vm: Home, ensemble: Ensemble) -> None:
    watch = SessionWatch(vm)
    ensemble.freeze()
    for _ in range(2):
        with ThreadPoolExecutor() as pool:
            assert max(pool.map(seconds_until_refused, calls(vm))) < ANSWER_LIMIT_S
    assert watch.until(lambda session: session is None) is None
    ensemble.thaw()
    assert watch.until(lambda session: session is not None)
    assert vm.children(["/vm"])[0] is not None
    vm.commit([Create("/again")])


def test_a_commit_without_answer_is_said_to_be_unknown(vm: Home, ensemble: Ensemble) -> None:
    ensemble.freeze()
    with pytest.raises(StoreUnavailable) as caught:
        vm.commit([Put("/vm/a", b"late", 0)])
    assert "unknown" in caught.value.message or "reached" in caught.value.message
    assert caught.value.retryable


def seconds_until_refused(call: Callable[[], object]) -> float:
    started = monotonic()
    with pytest.raises(StoreUnavailable):
        call()
    return monotonic() - started


def calls(home: Home) -> list[Callable[[], object]]:
    return [
        lambda: home.commit([Delete("/vm/a/xml", 5)]),
        lambda: home.read(["/vm"]),
        lambda: home.children(["/vm"]),
        lambda: home.watch_value("/vm", lambda: None),
        lambda: home.watch_children("/vm", lambda: None),
    ]


def test_after_a_sync_everybodys_commits_can_be_read(home: Home, ensemble: Ensemble) -> None:
    ensemble.open().commit([Create("/told")])
    home.sync()
    assert home.read(["/told"]) == [Raw(b"", 0)]
