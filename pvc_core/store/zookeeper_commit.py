"""A commit as a ZooKeeper transaction, and the one place where its results are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kazoo.exceptions import (
    BadVersionError,
    KazooException,
    NoAuthError,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
    RuntimeInconsistency,
)
from kazoo.handlers.threading import KazooTimeoutError

from pvc_core.errors import PvcError
from pvc_core.store import faults
from pvc_core.store.port import Create, Delete, Op, Put

FAULTS: dict[type[KazooException], Callable[[Op], PvcError]] = {
    BadVersionError: faults.changed,
    NotEmptyError: faults.not_empty,
    NoNodeError: faults.missing,
    NodeExistsError: faults.exists,
    NoChildrenForEphemeralsError: faults.childless_parent,
    NoAuthError: lambda op: faults.refused(op.path),
}

BYSTANDERS = (RolledBackError, RuntimeInconsistency)
"""What ZooKeeper answers for the operations before and after the one at fault."""


def send(client: Any, root: str, ops: Sequence[Op]) -> Any:
    """Put the transaction on its way; its pending result."""
    transaction = client.transaction()
    for op in ops:
        _add(transaction, full(root, op.path), op)
    return transaction.commit_async()


def settle(pending: Any, ops: Sequence[Op], patience: float) -> None:
    """Wait for the results; raises the failure of the first operation at fault."""
    try:
        results = pending.get(timeout=patience)
    except KazooTimeoutError:
        raise faults.unknown_arrival(f"no answer within {patience:g} s") from None
    except KazooException as error:
        raise faults.unknown_arrival(type(error).__name__) from None
    _inspect(ops, results)


def full(root: str, path: str) -> str:
    return root if path == "/" else root + path


def _inspect(ops: Sequence[Op], results: Sequence[Any]) -> None:
    # kazoo returns failures as values; a rolled back commit would pass for done.
    for op, result in zip(ops, results, strict=True):
        if isinstance(result, Exception) and not isinstance(result, BYSTANDERS):
            raise _fault(op, result)
    if any(isinstance(result, Exception) for result in results):
        raise faults.unavailable("ZooKeeper rolled the commit back without a reason")


def _fault(op: Op, error: Exception) -> PvcError:
    for kind, make in FAULTS.items():
        if isinstance(error, kind):
            return make(op)
    return faults.unavailable(f"{type(error).__name__} for {op.path}")


def _add(transaction: Any, path: str, op: Op) -> None:
    if isinstance(op, Create):
        transaction.create(path, op.data, ephemeral=op.ephemeral)
    elif isinstance(op, Put):
        transaction.set_data(path, op.data, op.version)
    elif isinstance(op, Delete):
        transaction.delete(path, -1 if op.version is None else op.version)
    else:
        transaction.check(path, op.version)
