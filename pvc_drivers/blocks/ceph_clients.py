"""Clients of Ceph: who has images open, and keeping clients out of the cluster (Ceph's blocklist)."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

import rbd

from pvc_core.errors import NotFound
from pvc_core.model.storage import Watcher, host_of, is_one_of
from pvc_drivers.blocks.ceph_calls import CephCalls
from pvc_drivers.blocks.ceph_cluster import translated
from pvc_drivers.blocks.ceph_images import opened

YEAR_S = 365 * 86_400.0
"""Ceph wants an end; what is blocked stays so until it is unblocked."""


class CephClients(CephCalls):
    """Obeys `Clients`."""

    def own_address(self) -> str:
        return self.call("own address", lambda: str(self.cluster.connected().get_addrs()))

    def watchers(self, pool: str, volumes: Collection[str]) -> dict[str, tuple[Watcher, ...]]:
        names = sorted(volumes)
        try:
            found = self.look_at_each(f"watchers in {pool}", pool, names, _watchers_of)
        except NotFound:
            return {}
        return {name: seen for name, seen in zip(names, found, strict=True) if seen is not None}

    def block_clients(self, clients: Collection[str]) -> None:
        """Returns once this client's own map has it too: what it does next, every OSD does after that."""

        def block() -> None:
            for client in clients:
                self._blocklist("add", client, expire=YEAR_S)
            self.cluster.connected().wait_for_latest_osdmap()

        self.call("block clients", block)

    def unblock_clients(self, clients: Collection[str]) -> None:
        """As with blocking: without the map an OSD might go on refusing for a moment."""

        def unblock() -> None:
            for client in set(clients) & set(self._blocked()):
                self._blocklist("rm", client)
            self.cluster.connected().wait_for_latest_osdmap()

        self.call("unblock clients", unblock)

    def blocked_clients(self) -> list[str]:
        return self.call("blocked clients", self._blocked)

    def break_locks(self, pool: str, volume: str, of: Collection[str]) -> list[Watcher]:
        return self.look_at(pool, volume, lambda image: _break_locks(image, of))

    def _blocklist(self, what: str, client: str, **arguments: object) -> None:
        self.cluster.ask_monitors("osd blocklist", blocklistop=what, addr=_entry(client), **arguments)

    def _blocked(self) -> list[str]:
        entries = self.cluster.ask_monitors("osd dump")["blocklist"]
        return sorted(_client(entry) for entry in entries)


def _watchers_of(ioctx: Any, pool: str, name: str) -> tuple[Watcher, ...] | None:
    """None for an image that is not there."""
    try:
        with opened(ioctx, pool, name) as image:
            return tuple(Watcher(address=one["addr"], client=str(one["id"])) for one in image.watchers_list())
    except NotFound:
        return None


def _break_locks(image: Any, of: Collection[str]) -> list[Watcher]:
    broken = []
    for client, cookie, address in (image.list_lockers() or {}).get("lockers", ()):
        if is_one_of(address, of):
            with translated("lock"), suppress(rbd.ImageNotFound):
                image.break_lock(client, cookie)
            broken.append(Watcher(address=address, client=client))
    return broken


def _entry(client: str) -> str:
    """As the blocklist has it: a host with neither port nor nonce is all of that host."""
    if "/" in client:
        return client
    return f"[{client}]:0/0" if ":" in client else f"{client}:0/0"


def _client(entry: str) -> str:
    return host_of(entry) if entry.endswith(":0/0") else entry
