"""The two ensembles the contract is tested on, with the same switches for faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, Protocol

from kazoo.client import KazooClient
from zookeeper_server import ZookeeperServer

from pvc_core.config import ZookeeperSection
from pvc_core.store.memory import MemoryHome, MemoryTree
from pvc_core.store.port import Home
from pvc_core.store.zookeeper import ZookeeperHome

PATIENCE_S = 15
PASSWORD = "correct horse"


class Ensemble(Protocol):
    def open(self) -> Home:
        """One more session on the same tree."""

    def expire(self, home: Any) -> None:
        """End a session from outside."""

    def recover(self, home: Any) -> None:
        """What brings a home with an expired session back; the real one does it by itself."""

    def freeze(self) -> None:
        """Nobody answers any more."""

    def thaw(self) -> None: ...


class MemoryEnsemble:
    def __init__(self) -> None:
        self.tree = MemoryTree()

    def open(self) -> MemoryHome:
        return MemoryHome(self.tree)

    def expire(self, home: Any) -> None:
        home.expire()

    def recover(self, home: Any) -> None:
        home.reconnect()

    def freeze(self) -> None:
        self.tree.down()

    def thaw(self) -> None:
        self.tree.up()

    def close(self) -> None:
        pass


class ZookeeperEnsemble:
    def __init__(self, server: ZookeeperServer, root: str) -> None:
        self.server = server
        self.root = root
        self.homes: list[ZookeeperHome] = []

    def open(
        self, password: str = PASSWORD, username: str = "pvc", session_timeout_s: float = 4
    ) -> ZookeeperHome:
        config = ZookeeperSection(
            hosts=[self.server.address],
            username=username,
            password_file=Path("/unused"),
            session_timeout_s=session_timeout_s,
        )
        home = ZookeeperHome(config, password, root=self.root)
        self.homes.append(home)
        return home

    def expire(self, home: Any) -> None:
        """A second client resumes the session and ends it."""
        thief = KazooClient(self.server.address, client_id=home._link._client.client_id)
        thief.start()
        thief.stop()
        thief.close()

    def recover(self, home: Any) -> None:
        pass

    def freeze(self) -> None:
        self.server.freeze()

    def thaw(self) -> None:
        self.server.thaw()

    def close(self) -> None:
        self.server.thaw()
        for home in self.homes:
            home.close()


class Rings:
    """A bell that counts, and can be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._rung = Event()

    def __call__(self) -> None:
        self.count += 1
        self._rung.set()

    def heard(self, patience: float = PATIENCE_S) -> bool:
        return self._rung.wait(patience)


class SessionWatch:
    """Waits for a home's session to become what is asked for, woken by its bell."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._changed = Event()
        home.on_session_change(self._changed.set)

    def until(self, wanted: Callable[[int | None], bool]) -> int | None:
        deadline = monotonic() + PATIENCE_S
        while not wanted(session := self.home.session()):
            left = deadline - monotonic()
            assert left > 0 and self._changed.wait(left), f"the session stayed {session}"
            self._changed.clear()
        return session
