"""What PVC asks of a home for its state: versioned values in a tree, transactions, ephemerals, bells.

Two homes obey this contract (tests/contract/test_store.py): `zookeeper.py` and `memory.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_VALUE_BYTES = 256 * 1024
"""A larger value is refused before it is sent: past 1 MiB ZooKeeper cuts the connection, unnamed."""

MAX_COMMIT_OPERATIONS = 500
MAX_COMMIT_BYTES = 512 * 1024

Bell = Callable[[], None]
"""May block and use the home."""

Note = Callable[[], None]
"""Like a bell, but rung by the home's own thread the moment it hears of a change: it may only take note."""


@dataclass(frozen=True)
class Raw:
    """The bytes of one znode and the version they were read at; 0 is a version like any other."""

    data: bytes
    version: int
    ephemeral: bool = False
    """It goes with the session that made it."""


@dataclass(frozen=True)
class Create:
    """Make a znode; its parent must exist. `ephemeral` ones go with the session that made them."""

    path: str
    data: bytes = b""
    ephemeral: bool = False


@dataclass(frozen=True)
class Put:
    """Replace the value if it is still at `version`."""

    path: str
    data: bytes
    version: int


@dataclass(frozen=True)
class Delete:
    """Remove a childless znode; `version` None means whatever version it has."""

    path: str
    version: int | None = None


@dataclass(frozen=True)
class Check:
    """Change nothing, but let the whole commit fail unless the znode is at `version`."""

    path: str
    version: int


Op = Create | Put | Delete | Check


class Home(Protocol):
    """A place the tree lives in.

    Every method may raise StoreUnavailable, and does so within a few seconds instead of blocking.
    """

    def read(self, paths: Sequence[str]) -> list[Raw | None]:
        """The values, in order, pipelined; None where there is no znode."""

    def children(self, paths: Sequence[str]) -> list[tuple[str, ...] | None]:
        """The sorted names of the children of each path, pipelined; None where there is no znode."""

    def commit(self, ops: Sequence[Op]) -> None:
        """All or nothing.

        Raises StoreConflict (a version differs, or a znode to delete has children), StoreMissing or
        StoreExists with `details["path"]` naming the first operation at fault; StoreTooLarge before
        anything is sent.
        """

    def watch_value(self, path: str, bell: Bell) -> Raw | None:
        """Read, and ring once when the value changes, appears or goes (or the connection is lost)."""

    def watch_children(self, path: str, bell: Bell) -> tuple[str, ...] | None:
        """List, and ring once when a child appears or goes (or the connection is lost)."""

    def note_values(self, paths: Sequence[str], notes: Sequence[Note]) -> list[Raw | None]:
        """As `watch_value` for many, pipelined; a note for each path."""

    def note_children(self, paths: Sequence[str], notes: Sequence[Note]) -> list[tuple[str, ...] | None]:
        """As `watch_children` for many; a note for each path."""

    def hear(self) -> None:
        """Wait until every note has been taken of changes that answers given before this call show, or
        come after. Not to be called by a note."""

    def sync(self) -> None:
        """Wait until whatever anybody committed before this call can be read here: a home that reads from
        a follower may lag a moment behind what it has just been told of."""

    def session(self) -> int | None:
        """A number for the present session, never the same for two sessions; None while there is
        none, or while the connection is interrupted so that it may already be gone."""

    def on_session_change(self, bell: Bell) -> None:
        """Ring whenever `session()` may answer differently from before."""

    def close(self) -> None:
        """End the session; its ephemerals go at once."""
