"""The connection to ZooKeeper: made on first use, restored for ever in the background."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from threading import Event, Lock, Thread
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionLoss,
    KazooException,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    SessionExpiredError,
)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import KeeperState
from kazoo.security import make_digest_acl

from pvc_core.config import ZookeeperSection
from pvc_core.errors import StoreUnavailable
from pvc_core.store import faults
from pvc_core.store.port import Bell
from pvc_core.store.zookeeper_handler import BoundedHandler

LINK_PATIENCE_S = 2.0
ANSWER_PATIENCE_S = 3.0
CLOSE_PATIENCE_S = 3.0
DEAD_STATES = (KeeperState.CLOSED, KeeperState.AUTH_FAILED)

# At DEBUG kazoo writes every request, the one with the password included.
kazoo_log = logging.getLogger("kazoo.pvc")
kazoo_log.setLevel(logging.INFO)


class ZookeeperLink:
    """One kazoo client; `on_state` is called from kazoo's thread and must not block."""

    def __init__(self, config: ZookeeperSection, password: str, root: str, on_state: Bell) -> None:
        self._client = _make_client(config, password)
        self._client.add_listener(lambda _state: on_state())
        self._root = root
        self._lock = Lock()
        self._live: Event | None = None
        self._process = 0
        self._ready = False
        self._closed = False

    def client(self, wait: bool = True) -> Any:
        """The connected client, or StoreUnavailable; a wait for the first connection is never spared."""
        live = self._open()
        if not live.is_set() and not self._await(live, wait):
            raise faults.unavailable("no connection to ZooKeeper")
        if not self._ready:
            self._make_root(self._client)
        return self._client

    def ask(self, send: Callable[[Any], Iterable[Any]]) -> list[Any]:
        """The answers to what only looks: asked once more if the connection breaks under it, as it does
        while a new leader is elected."""
        try:
            return _gather(send(self.client()))
        except ConnectionBroken:
            return gather(send(self.client()))

    def session(self) -> int | None:
        """ZooKeeper's number of the session while the connection stands."""
        try:
            live = self._open()
        except StoreUnavailable:
            return None
        if not self._ready:
            live.wait(LINK_PATIENCE_S)
        identity = self._client.client_id
        return identity[0] if identity else None

    def close(self) -> None:
        """End the session; left to its timeout if ZooKeeper does not answer."""
        with self._lock:
            self._closed, opened, self._live = True, self._live, None
        if opened is not None:
            stopping = Thread(target=self._stop, name="store-close", daemon=True)
            stopping.start()
            stopping.join(CLOSE_PATIENCE_S)

    def _open(self) -> Event:
        with self._lock:
            if self._closed:
                raise faults.unavailable("the session was closed")
            if self._live is None:
                self._process, self._live = os.getpid(), self._client.start_async()
            # The threads that would answer stayed in the parent: a call would wait for ever.
            if self._process != os.getpid():
                raise faults.unavailable("the connection was opened before a fork")
            return self._live

    def _await(self, live: Event, wait: bool) -> bool:
        if self._ready and not wait:
            return False
        if live.wait(LINK_PATIENCE_S):
            return True
        self._revive()
        return False

    def _revive(self) -> None:
        """Start again what ended by an error kazoo does not expect; it retries all others itself."""
        with self._lock:
            if self._live is not None and self._client.client_state in DEAD_STATES:
                self._live = self._client.start_async()

    def _make_root(self, client: Any) -> None:
        names = self._root.strip("/").split("/")
        paths = ["/" + "/".join(names[: depth + 1]) for depth in range(len(names))]
        # Looked for first: where "/" is closed to us, even making what exists already is refused.
        stats = gather(client.exists_async(path) for path in paths)
        gather(client.create_async(path) for path, stat in zip(paths, stats, strict=True) if stat is None)
        self._ready = True

    def _stop(self) -> None:
        try:
            self._client.stop()
            self._client.close()
        except (KazooException, OSError) as error:
            kazoo_log.warning("the session is left to its timeout: %s", error)


class ConnectionBroken(Exception):
    """Whether what was sent has arrived is unknown."""


def gather(pending: Iterable[Any]) -> list[Any]:
    """The answers in order, None for "no node"; StoreUnavailable once one stays away."""
    try:
        return _gather(pending)
    except ConnectionBroken as error:
        raise faults.unavailable(str(error)) from None


def _gather(pending: Iterable[Any]) -> list[Any]:
    return [_answer(result) for result in list(pending)]


def _answer(result: Any) -> Any:
    try:
        return result.get(timeout=ANSWER_PATIENCE_S)
    except (NoNodeError, NodeExistsError):
        return None
    except KazooTimeoutError:
        raise faults.unavailable(f"no answer within {ANSWER_PATIENCE_S:g} s") from None
    except NoAuthError:
        raise faults.refused() from None
    except (ConnectionLoss, SessionExpiredError) as error:
        raise ConnectionBroken(type(error).__name__) from None
    except KazooException as error:
        raise faults.unavailable(type(error).__name__) from None


def _make_client(config: ZookeeperSection, password: str) -> Any:
    return KazooClient(
        hosts=",".join(config.hosts),
        timeout=config.session_timeout_s,
        handler=BoundedHandler(max(0.5, config.session_timeout_s / 8)),
        auth_data=[("digest", f"{config.username}:{password}")],
        default_acl=[make_digest_acl(config.username, password, all=True)],
        connection_retry={"max_tries": -1, "delay": 0.1, "max_delay": 1.0},
        logger=kazoo_log,
    )
