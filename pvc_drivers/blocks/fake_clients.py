"""Clients of block storage in memory."""

from __future__ import annotations

from collections.abc import Collection

from pvc_core.model.storage import Watcher
from pvc_drivers.blocks.clients import is_one_of
from pvc_drivers.blocks.fake_state import FakeState

Watchers = dict[str, tuple[Watcher, ...]]


class FakeClients(FakeState):
    """Obeys `Clients`."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked: set[str] = set()
        self.own = "127.0.0.1:0/1"

    def lock_volume(self, pool: str, volume: str, address: str) -> None:
        """For a test: somebody has written to it, and left his lock."""
        lock = Watcher(address=address, client="client.1")
        self.held[pool][volume] = self.found(pool, volume).but(lockers=(lock,))

    def own_address(self) -> str:
        self.refuse_if(self.silent)
        return self.own

    def watchers(self, pool: str, volumes: Collection[str]) -> Watchers:
        self.refuse_if(self.silent or self.hanging)
        known = self.held.get(pool, {})
        return {name: known[name].watchers for name in sorted(volumes) if name in known}

    def block_clients(self, clients: Collection[str]) -> None:
        self.refuse_if(self.silent)
        self.blocked |= set(clients)
        for volumes in self.held.values():
            for name, volume in volumes.items():
                left = [one for one in volume.watchers if not is_one_of(one.address, self.blocked)]
                volumes[name] = volume.but(watchers=tuple(left))

    def unblock_clients(self, clients: Collection[str]) -> None:
        self.refuse_if(self.silent)
        self.blocked -= set(clients)

    def blocked_clients(self) -> list[str]:
        self.refuse_if(self.silent)
        return sorted(self.blocked)

    def break_locks(self, pool: str, volume: str, of: Collection[str]) -> list[Watcher]:
        self.refuse_if(self.silent or self.hanging)
        locks = self.found(pool, volume).lockers
        broken = [lock for lock in locks if is_one_of(lock.address, of)]
        left = tuple(lock for lock in locks if lock not in broken)
        self.held[pool][volume] = self.found(pool, volume).but(lockers=left)
        return broken
