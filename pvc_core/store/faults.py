"""The failures of a commit, worded once for both homes; `details["path"]` names the operation at fault."""

from __future__ import annotations

from pvc_core.errors import StoreConflict, StoreExists, StoreMissing, StoreUnavailable
from pvc_core.store.port import Create, Op


def changed(op: Op) -> StoreConflict:
    return StoreConflict(f"{op.path} was changed since it was read", path=op.path)


def not_empty(op: Op) -> StoreConflict:
    return StoreConflict(f"{op.path} has children and cannot be removed", path=op.path)


def childless_parent(op: Op) -> StoreConflict:
    return StoreConflict(f"{op.path} cannot be made: what a session owns has no children", path=op.path)


def missing(op: Op) -> StoreMissing:
    if isinstance(op, Create):
        return StoreMissing(f"{op.path} cannot be made: its parent does not exist", path=op.path)
    return StoreMissing(f"{op.path} does not exist", path=op.path)


def exists(op: Op) -> StoreExists:
    return StoreExists(f"{op.path} exists already", path=op.path)


def unavailable(reason: str) -> StoreUnavailable:
    return StoreUnavailable(f"the state tree cannot be reached: {reason}")


def refused(path: str = "") -> StoreUnavailable:
    return StoreUnavailable(
        f"ZooKeeper refuses these credentials{f' at {path}' if path else ''}",
        "Compare zookeeper.username and zookeeper.password_file with those of the other nodes.",
    )


def unknown_arrival(reason: str) -> StoreUnavailable:
    """For a commit that was sent and not answered."""
    return StoreUnavailable(
        f"the state tree did not answer a commit ({reason}); whether it arrived is unknown",
        "Look again before repeating it; the versions tell whether it arrived.",
    )
