"""What concerns a znode with everything below it: walk, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pvc_core.errors import StoreConflict, StoreExists, StoreMissing, StoreTooLarge
from pvc_core.store.limits import batches, check_commit
from pvc_core.store.port import MAX_COMMIT_OPERATIONS, Create, Delete, Home, Op, Raw

DELETE_ROUNDS = 10
"""How often `delete_tree` looks again when others keep adding to what it deletes."""


@dataclass(frozen=True)
class Branch:
    """A znode and everything below it as read, parents before children."""

    root: str
    nodes: tuple[tuple[str, Raw], ...]


def walk(home: Home, root: str, at_most: int | None = None) -> list[str]:
    """The paths from `root` down, parents before children, each level read pipelined; empty where there
    is nothing. Raises StoreTooLarge once there are more than `at_most`."""
    found: list[str] = []
    level = [root]
    while level:
        names = home.children(level)
        here = [(path, below) for path, below in zip(level, names, strict=True) if below is not None]
        found += [path for path, _ in here]
        level = [join(path, name) for path, below in here for name in below]
        if at_most is not None and len(found) + len(level) > at_most:
            raise StoreTooLarge(f"{root} has more than the {at_most} documents one commit moves", path=root)
    return found


def read_branch(home: Home, root: str, at_most: int | None = None) -> Branch:
    """Raises StoreMissing where there is no `root`, StoreConflict when it changed while it was read."""
    paths = walk(home, root, at_most)
    raws = home.read(paths)
    if not paths or raws[0] is None:
        raise StoreMissing(f"{root} does not exist", path=root)
    nodes = [(path, raw) for path, raw in zip(paths, raws, strict=True) if raw is not None]
    if len(nodes) < len(paths):
        raise StoreConflict(f"{root} was changed while it was read", path=root)
    return Branch(root, tuple(nodes))


def rename(home: Home, old: str, new: str) -> None:
    """Move a key with all its children and data in one transaction, or change nothing.

    Raises StoreMissing (no `old`), StoreExists (there is a `new`), StoreTooLarge before anything is
    touched, StoreConflict when anything below `old` changed meanwhile or belongs to a session.
    """
    branch = read_branch(home, old, at_most=MAX_COMMIT_OPERATIONS // 2)
    if home.read([new])[0] is not None:
        raise StoreExists(f"{new} exists already", path=new)
    home.commit(plan_rename(branch, new))


def plan_rename(branch: Branch, new: str) -> list[Op]:
    """The operations that move a branch, to be committed alone or with others.

    Every delete compares the version that was read, and fails on a child added meanwhile.
    """
    if new.startswith(f"{branch.root.rstrip('/')}/"):
        raise ValueError(f"{branch.root} cannot be moved to {new}, below itself")
    _refuse_session_owned(branch)
    moved = [(new + path[len(branch.root) :], path, raw) for path, raw in branch.nodes]
    ops: list[Op] = [Create(target, raw.data) for target, _, raw in moved]
    ops += [Delete(path, raw.version) for _, path, raw in reversed(moved)]
    check_commit(ops)
    return ops


def delete_tree(home: Home, root: str) -> int:
    """Delete a znode with everything below it, in bounded batches; how many there were.

    Not one transaction: an interrupted delete is finished by repeating it.
    """
    deleted = 0
    for _ in range(DELETE_ROUNDS):
        paths = walk(home, root)
        if not paths:
            return deleted
        deleted += _delete_all(home, list(reversed(paths)))
    raise StoreConflict(f"{root} keeps growing while it is deleted", path=root)


def join(parent: str, name: str) -> str:
    return f"{parent.rstrip('/')}/{name}"


def _delete_all(home: Home, paths: Sequence[str]) -> int:
    """Up to the first batch somebody else has interfered with: the caller looks again."""
    deleted = 0
    for batch in batches([Delete(path) for path in paths]):
        try:
            home.commit(batch)
        except StoreConflict:
            return deleted
        deleted += len(batch)
    return deleted


def _refuse_session_owned(branch: Branch) -> None:
    for path, raw in branch.nodes:
        if raw.ephemeral:
            raise StoreConflict(
                f"{path} belongs to a living session and cannot be moved",
                "Wait until the process that holds it is done, then repeat.",
                path=path,
            )
