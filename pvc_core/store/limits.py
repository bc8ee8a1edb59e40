"""What both homes refuse before anything is sent: oversized commits and paths no tree can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pvc_core.errors import StoreTooLarge
from pvc_core.store.port import (
    MAX_COMMIT_BYTES,
    MAX_COMMIT_OPERATIONS,
    MAX_VALUE_BYTES,
    Create,
    Delete,
    Op,
    Put,
)


def check_commit(ops: Sequence[Op]) -> None:
    """Raise StoreTooLarge, or ValueError for an operation no caller can have meant."""
    if len(ops) > MAX_COMMIT_OPERATIONS:
        raise _too_large(f"{len(ops)} operations in one commit; {MAX_COMMIT_OPERATIONS} are allowed")
    total = 0
    for op in ops:
        _check_op(op)
        total += weight(op)
    if total > MAX_COMMIT_BYTES:
        raise _too_large(f"{total} bytes in one commit; {MAX_COMMIT_BYTES} are allowed", total)


def check_paths(paths: Sequence[str]) -> None:
    for path in paths:
        check_path(path)


def check_path(path: str) -> None:
    """Raise ValueError unless the path is absolute and in its only spelling."""
    if path == "/":
        return
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or not {"", ".", ".."}.isdisjoint(parts[1:]) or "\0" in path:
        raise ValueError(f"not a path of the state tree: {path!r}")


def weight(op: Op) -> int:
    """The bytes an operation adds to a commit; its path counts."""
    data = op.data if isinstance(op, Create | Put) else b""
    return len(op.path.encode()) + len(data)


def batches(ops: Sequence[Op]) -> Iterator[list[Op]]:
    """The operations in order, cut into commits that are within the bounds."""
    batch: list[Op] = []
    total = 0
    for op in ops:
        added = weight(op)
        if batch and (len(batch) == MAX_COMMIT_OPERATIONS or total + added > MAX_COMMIT_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(op)
        total += added
    if batch:
        yield batch


def _check_op(op: Op) -> None:
    check_path(op.path)
    if isinstance(op, Create | Put):
        _check_value(op.path, op.data)
    # ZooKeeper reads -1 as "any version": a decision must never turn into that by accident.
    if not isinstance(op, Create) and op.version is not None and op.version < 0:
        raise ValueError(f"{op.path}: {op.version} is not a version")
    if not isinstance(op, Create | Delete) and op.version is None:
        raise ValueError(f"{op.path}: a version is needed")


def _check_value(path: str, data: bytes) -> None:
    if len(data) > MAX_VALUE_BYTES:
        raise StoreTooLarge(
            f"{path} would take {len(data)} bytes; {MAX_VALUE_BYTES} are allowed", path=path, bytes=len(data)
        )


def _too_large(message: str, total: int | None = None) -> StoreTooLarge:
    return StoreTooLarge(
        message, "Do it in smaller steps; a commit is all or nothing and must fit in one.", bytes=total
    )
