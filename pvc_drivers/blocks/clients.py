"""What PVC asks of its block storage about who uses it: a part of the port."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from pvc_core.model.storage import Watcher


class Clients(Protocol):
    """Who has volumes open, and keeping clients out.

    A client is HOST:PORT/NONCE, which no other process ever has; a HOST alone stands for every client that
    is there, or ever comes there.
    """

    def own_address(self) -> str:
        """Of this process, as the storage sees it."""

    def watchers(self, pool: str, volumes: Collection[str]) -> dict[str, tuple[Watcher, ...]]:
        """Who has each of them open; what is not there is left out."""

    def block_clients(self, clients: Collection[str]) -> None:
        """Once this returns, nothing they ask for is done any more, and what they had open is closed.

        Only questions about the cluster are still answered. Stays so until they are unblocked, for a year.
        """

    def unblock_clients(self, clients: Collection[str]) -> None:
        """Nothing for those that are not blocked."""

    def blocked_clients(self) -> list[str]:
        """Clients and hosts, by name."""

    def break_locks(self, pool: str, volume: str, of: Collection[str]) -> list[Watcher]:
        """The exclusive locks of these clients, or of all at these hosts; answers with those broken.

        A client whose lock is broken is out for good: it could not know that it has none.
        """
