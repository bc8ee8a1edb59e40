"""What only the real home has: credentials, a network, threads, processes."""

from __future__ import annotations

import logging
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest
from ensembles import PASSWORD, Rings, SessionWatch, ZookeeperEnsemble
from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError

from pvc_core.config import ZookeeperSection
from pvc_core.errors import StoreUnavailable
from pvc_core.store.port import Create, Delete, Put, Raw
from pvc_core.store.zookeeper import ZookeeperHome

LIMIT_S = 6.0


def test_without_credentials_everything_is_refused(zookeeper: ZookeeperEnsemble) -> None:
    zookeeper.open().commit([Create("/secret", b"s")])
    stranger = KazooClient(zookeeper.server.address)
    stranger.start()
    try:
        path = f"{zookeeper.root}/secret"
        for call in (stranger.get, stranger.get_children, stranger.delete, stranger.get_acls):
            with pytest.raises(NoAuthError):
                call(path)
        for write in (stranger.set, stranger.create):
            with pytest.raises(NoAuthError):
                write(f"{path}/x" if write == stranger.create else path, b"")
        with pytest.raises(NoAuthError):
            stranger.create(f"{zookeeper.root}/squat")
    finally:
        stranger.stop()
        stranger.close()


@pytest.mark.parametrize(("username", "password"), [("pvc", "wrong"), ("other", PASSWORD)])
def test_wrong_credentials_are_named(zookeeper: ZookeeperEnsemble, username: str, password: str) -> None:
    zookeeper.open().commit([Create("/a", b"s")])
    stranger = zookeeper.open(password, username)
    for call in (
        lambda: stranger.read(["/a"]),
        lambda: stranger.children(["/"]),
        lambda: stranger.commit([Put("/a", b"", 0)]),
        lambda: stranger.commit([Create("/b")]),
        lambda: stranger.commit([Delete("/a")]),
    ):
        with pytest.raises(StoreUnavailable, match="credentials"):
            call()


def test_the_password_is_never_logged(zookeeper: ZookeeperEnsemble, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    zookeeper.open().read(["/"])
    assert PASSWORD not in caplog.text


def test_nothing_is_connected_before_the_first_use(zookeeper: ZookeeperEnsemble) -> None:
    threads = threading.active_count()
    home = zookeeper.open()
    home.on_session_change(lambda: None)
    assert threading.active_count() == threads
    assert home.session() is not None


def test_a_home_unused_before_a_fork_works_after_it(zookeeper: ZookeeperEnsemble) -> None:
    home = zookeeper.open()
    child = os.fork()
    if child == 0:
        os._exit(0 if home.read(["/"]) == [Raw(b"", 0)] and home.session() else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_home_used_before_a_fork_says_so_instead_of_hanging(zookeeper: ZookeeperEnsemble) -> None:
    home = zookeeper.open()
    home.read(["/"])
    child = os.fork()
    if child == 0:
        try:
            home.read(["/"])
        except StoreUnavailable as error:
            os._exit(0 if "fork" in error.message and home.session() is None else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert home.read(["/"]) == [Raw(b"", 0)]


def test_a_flood_at_a_server_that_stands_still_is_answered_in_time(zookeeper: ZookeeperEnsemble) -> None:
    home = zookeeper.open()
    home.read(["/"])
    zookeeper.freeze()
    refused = threading.Event()

    def flood() -> None:
        with pytest.raises(StoreUnavailable):
            home.read([f"/{'x' * 200}"] * 20_000)
        refused.set()

    # In a thread of its own: what it guards against is a call that never comes back.
    threading.Thread(target=flood, daemon=True).start()
    assert refused.wait(LIMIT_S)
    zookeeper.thaw()
    assert read_patiently(home) == [Raw(b"", 0)] * 3


def read_patiently(home: ZookeeperHome) -> list[Raw | None]:
    """The flooded connection may break only now, when it is used again."""
    deadline = monotonic() + LIMIT_S
    while True:
        try:
            return home.read(["/"] * 3)
        except StoreUnavailable:
            assert monotonic() < deadline, "it never came back"


def test_a_member_that_swallows_connections_does_not_cost_the_session(
    zookeeper: ZookeeperEnsemble,
) -> None:
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        # Its queue is full after this: later attempts get no answer, as from a host without power.
        plugs = [socket.socket() for _ in range(4)]
        for plug in plugs:
            plug.setblocking(False)
            plug.connect_ex(hole.getsockname())
        hosts = [f"127.0.0.1:{hole.getsockname()[1]}", zookeeper.server.address]
        config = ZookeeperSection(hosts=hosts, password_file=Path("/unused"), session_timeout_s=4)
        for _ in range(4):
            home = ZookeeperHome(config, PASSWORD, root=zookeeper.root)
            started = monotonic()
            assert home.read(["/"]) == [Raw(b"", 0)]
            assert monotonic() - started < 2
            home.close()
        for plug in plugs:
            plug.close()


def test_a_connection_that_breaks_under_a_read_costs_a_moment(zookeeper: ZookeeperEnsemble) -> None:
    """As when the leader dies, and the others elect a new one."""
    home = zookeeper.open(session_timeout_s=20)
    home.commit([Create("/a", b"A"), Create("/a/b")])
    for look, found in (
        (lambda: home.read(["/a"]), [Raw(b"A", 0)]),
        (lambda: home.children(["/a"]), [("b",)]),
        (lambda: home.note_values(["/a"], [lambda: None]), [Raw(b"A", 0)]),
        (lambda: home.note_children(["/a"], [lambda: None]), [("b",)]),
    ):
        zookeeper.freeze()
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(look)  # type: ignore[arg-type]
            with pytest.raises(TimeoutError):
                answer.result(timeout=0.3)
            home._link._client._connection._socket.shutdown(socket.SHUT_RDWR)
            zookeeper.thaw()
            assert answer.result(timeout=LIMIT_S) == found


def test_a_client_that_died_is_started_again(zookeeper: ZookeeperEnsemble) -> None:
    home = zookeeper.open()
    first = home.session()
    home._link._client.stop()
    assert home.session() is None
    watch = SessionWatch(home)
    with pytest.raises(StoreUnavailable):
        home.read(["/"])
    assert watch.until(lambda session: session is not None) != first
    assert home.read(["/"]) == [Raw(b"", 0)]


def test_closing_does_not_wait_for_a_server_that_stands_still(zookeeper: ZookeeperEnsemble) -> None:
    home = zookeeper.open(session_timeout_s=20)
    home.read(["/"])
    zookeeper.freeze()
    started = monotonic()
    home.close()
    assert monotonic() - started < 4


def test_a_bell_that_fails_or_blocks_harms_nobody_but_the_next_bell(zookeeper: ZookeeperEnsemble) -> None:
    home, rings = zookeeper.open(), Rings()

    def broken() -> None:
        raise RuntimeError("a bell of a test")

    home.watch_value("/a", broken)
    home.watch_value("/a", rings)
    home.commit([Create("/a")])
    assert rings.heard()


def test_many_threads_share_a_home(zookeeper: ZookeeperEnsemble) -> None:
    home = zookeeper.open()
    home.commit([Create("/t")])
    done: list[int] = []

    def work(number: int) -> None:
        for step in range(20):
            home.commit([Create(f"/t/{number}-{step}")])
            home.read(["/t"] * 50)
        done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8
    assert len(home.children(["/t"])[0] or ()) == 160
