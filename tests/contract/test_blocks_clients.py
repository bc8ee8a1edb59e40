"""Who has a volume open, and keeping clients out: the fake and Ceph, one set of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from block_homes import FakeHome, Home, made
from test_blocks import CEPH, MIB

from pvc_core.errors import StorageUnavailable
from pvc_core.model.storage import client_of, host_of

STRANGER = "10.99.0.1"
"""Nobody is there."""


@pytest.fixture(scope="module", params=["fake", pytest.param("ceph", marks=CEPH)])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """One for all tests of this module, in their order."""
    with made(request.param, web=8 * MIB, db=8 * MIB) as home:
        yield home


def test_watchers_of_many_at_once_and_what_is_not_there_is_left_out(home: Home) -> None:
    home.open_volume("web")
    try:
        found = home.blocks.watchers("vms", {"web", "db", "none"})
        assert sorted(found) == ["db", "web"] and found["db"] == ()
        assert [one.address for one in found["web"]] == [watcher_of(home, "web")]
        assert home.blocks.watchers("nowhere", {"web"}) == {}
        assert home.blocks.watchers("vms", ()) == {}
    finally:
        home.close_volume()


def test_a_lock_is_broken_only_of_those_named(home: Home) -> None:
    address = home.lock_volume("db")
    assert home.blocks.break_locks("vms", "db", [STRANGER]) == []
    (broken,) = home.blocks.break_locks("vms", "db", [host_of(address)])
    assert broken.address == address and broken.client
    assert home.blocks.volume("vms", "db").lockers == ()
    assert home.blocks.break_locks("vms", "db", [host_of(address)]) == []


def test_a_client_that_is_blocked_loses_what_it_had_open(home: Home) -> None:
    address = home.lock_volume("db")
    assert watcher_of(home, "db") == address
    home.blocks.block_clients([address])
    assert home.blocks.watchers("vms", {"db"}) == {"db": ()}
    assert address in home.blocks.blocked_clients()
    assert [one.address for one in home.blocks.volume("vms", "db").lockers] == [address]
    home.blocks.break_locks("vms", "db", [address])
    home.blocks.unblock_clients([address])
    assert address not in home.blocks.blocked_clients()


def test_a_host_can_be_blocked_and_unblocked_twice(home: Home) -> None:
    for _ in range(2):
        home.blocks.block_clients([STRANGER, f"{STRANGER}:0/7"])
    assert {STRANGER, f"{STRANGER}:0/7"} <= set(home.blocks.blocked_clients())
    for _ in range(2):
        home.blocks.unblock_clients([STRANGER])
    assert STRANGER not in home.blocks.blocked_clients()
    assert f"{STRANGER}:0/7" in home.blocks.blocked_clients()


def test_what_it_writes_to_is_open_by_its_own_address(home: Home) -> None:
    """By this a start tells a task of PVC from a guest."""
    with home.blocks.writing("vms", "db", 0):
        (seen,) = home.others.watchers("vms", {"db"})["db"]
    assert client_of(seen.address) == client_of(home.blocks.own_address())


def test_its_own_address_has_a_host(home: Home) -> None:
    assert host_of(home.blocks.own_address()).count(".") == 3


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="a lab with Ceph needs root")
def test_a_client_of_a_blocked_host_is_refused_and_a_new_one_let_in_afterwards(home: Home) -> None:
    if isinstance(home, FakeHome):
        pytest.skip("the fake refuses nobody")
    host = host_of(home.blocks.own_address())
    home.blocks.block_clients([host, home.blocks.own_address()])
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="keeps this client out"):
            home.blocks.watchers("vms", {"web"})
    assert host in home.blocks.blocked_clients()
    home.blocks.unblock_clients([host])
    assert home.blocks.watchers("vms", {"web"}) == {"web": ()}


def watcher_of(home: Home, volume: str) -> str:
    (watcher,) = home.blocks.volume("vms", volume).watchers
    return watcher.address
