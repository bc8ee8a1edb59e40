"""The switches of the memory home: what a simulator can do to a session."""

from __future__ import annotations

import pytest

from pvc_core.errors import StoreUnavailable
from pvc_core.store.memory import MemoryHome, MemoryTree
from pvc_core.store.port import Create, Put, Raw


@pytest.fixture
def tree() -> MemoryTree:
    return MemoryTree()


@pytest.fixture
def home(tree: MemoryTree) -> MemoryHome:
    return MemoryHome(tree)


def refused(home: MemoryHome) -> bool:
    try:
        home.read(["/"])
    except StoreUnavailable:
        return True
    return False


def test_a_short_interruption_keeps_the_session(home: MemoryHome) -> None:
    home.commit([Create("/claim", ephemeral=True)])
    number = home.session()
    home.disconnect()
    assert home.session() is None and refused(home)
    home.reconnect()
    assert home.session() == number
    assert home.read(["/claim"]) == [Raw(b"", 0, ephemeral=True)]


def test_a_long_one_does_not(tree: MemoryTree, home: MemoryHome) -> None:
    home.commit([Create("/claim", ephemeral=True)])
    number = home.session()
    assert number is not None
    home.disconnect()
    tree.expire(number)
    home.reconnect()
    assert home.session() not in (None, number)
    assert home.read(["/claim"]) == [None]


def test_an_expired_home_waits_for_its_reconnection(home: MemoryHome) -> None:
    number = home.session()
    home.expire()
    assert home.session() is None and refused(home)
    home.expire()
    home.reconnect()
    assert home.session() not in (None, number)


def test_a_lost_quorum_ends_no_session(tree: MemoryTree, home: MemoryHome) -> None:
    home.commit([Create("/claim", ephemeral=True)])
    number = home.session()
    tree.down()
    late = MemoryHome(tree)
    assert home.session() is None and late.session() is None
    assert refused(home) and refused(late)
    tree.up()
    assert home.session() == number
    assert late.session() not in (None, number)
    assert not refused(home)


def test_one_cut_off_before_the_quorum_was_lost_stays_cut_off(tree: MemoryTree, home: MemoryHome) -> None:
    home.disconnect()
    tree.down()
    tree.up()
    assert home.session() is None
    home.reconnect()
    assert home.session() is not None


def test_every_change_of_the_session_rings(tree: MemoryTree, home: MemoryHome) -> None:
    heard: list[int | None] = []
    home.on_session_change(lambda: heard.append(home.session()))
    home.disconnect()
    home.reconnect()
    tree.down()
    tree.up()
    home.expire()
    home.reconnect()
    home.close()
    assert heard == [None, 1, None, 1, None, 2, None]


def test_a_closed_home_stays_closed(home: MemoryHome) -> None:
    home.close()
    home.reconnect()
    assert home.session() is None and refused(home)


def test_an_answer_is_lost_after_the_commit_arrived(home: MemoryHome) -> None:
    home.lose_answer()
    with pytest.raises(StoreUnavailable, match="unknown"):
        home.commit([Create("/a", b"1")])
    assert home.read(["/a"]) == [Raw(b"1", 0)]
    home.commit([Put("/a", b"2", 0)])


def test_bells_ring_in_the_order_they_were_hung(tree: MemoryTree) -> None:
    heard: list[int] = []
    for number, home in enumerate(MemoryHome(tree) for _ in range(20)):
        home.watch_value("/a", lambda number=number: heard.append(number))  # type: ignore[misc]
    MemoryHome(tree).commit([Create("/a")])
    assert heard == list(range(20))
