"""The locks of a job: taken in its own commits, in a fixed order, with a line that everybody can see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pvc_core.errors import StoreConflict
from pvc_core.model.job import Job
from pvc_core.model.lock import LockRecord
from pvc_core.store import tree
from pvc_core.store.documents import Seen, Store
from pvc_core.store.locks import lock_ref, plan_join, plan_release, plan_take
from pvc_core.store.port import Op
from pvc_tasks.outcome import Wait


@dataclass(frozen=True)
class Taken:
    """What to commit to take the next locks, or join a line; and whom to wait for."""

    ops: tuple[Op, ...] = ()
    blocked: Wait | None = None


def plan_take_locks(store: Store, job: Job, now: float) -> Taken:
    """Take what is free up to the first lock that is not."""
    ops: list[Op] = []
    for name, seen in _locks(store, job):
        line = () if seen is None else seen.value.line
        if job.id not in line:
            ops.extend(plan_take(lock_ref(name), seen, job.id, now)[0])
            ops.extend(_still_held(store, name, line))
            line = (*line, job.id)
        if line[0] != job.id:
            return Taken(tuple(ops), _in_line(name, line, line.index(job.id)))
    return Taken(tuple(ops))


def stands_as_before(store: Store, job: Job) -> bool:
    """Whether a job waits in a line, behind the same owner and at the same place as its record says."""
    waiting = job.waiting
    if waiting is None or waiting.kind != "lock":
        return False
    lines = [seen.value.line for _, seen in _locks(store, job) if seen is not None]
    return any(
        line[0] == waiting.on and job.id in line and line.index(job.id) == waiting.position for line in lines
    )


def plan_inherit_locks(store: Store, job: Job, losers: Collection[str]) -> tuple[Op, ...]:
    """Stand right behind the jobs that make way for this one: it takes their place, not the last one."""
    ops: list[Op] = []
    for name, seen in _locks(store, job) if losers else ():
        if seen is not None and seen.value.owner in losers:
            ops.append(seen.save(seen.value.but(waiters=(job.id, *seen.value.waiters))))
            ops.extend(_still_held(store, name, seen.value.line))
    return tuple(ops)


def plan_line_up(store: Store, job: Job, earlier: Collection[Seen[Job]], now: float) -> tuple[Op, ...]:
    """Stand behind the jobs that were accepted before it and have not come for their first lock yet: what
    was asked first is done first, whoever is looked at first."""
    before = [seen for seen in earlier if job.locks and seen.value.locks[:1] == job.locks[:1]]
    if not before:
        return ()
    name = job.locks[0]
    lock = store.find(lock_ref(name))
    line = () if lock is None else lock.value.line
    missing = [seen for seen in before if seen.value.id not in line]
    joined = plan_join(lock_ref(name), lock, [*(seen.value.id for seen in missing), job.id], now)
    return (joined, *(seen.check() for seen in missing), *_still_held(store, name, line))


def plan_release_locks(store: Store, job: Job, now: float) -> tuple[list[Op], list[str]]:
    """Give back every lock held, leave every line; and the jobs that own a lock by that."""
    ops: list[Op] = []
    successors: list[str] = []
    for _, seen in _locks(store, job):
        released, successor = plan_release(seen, job.id, now)
        ops.extend(released)
        if successor is not None:
            successors.append(successor)
    return ops, successors


def _still_held(store: Store, name: str, line: tuple[str, ...]) -> tuple[Op, ...]:
    """Joining a line also checks its owner's record: a lock that was freed and taken anew meanwhile is at
    version 0 again, as if nothing had happened."""
    if not line:
        return ()
    owner = store.find(tree.job_ref(line[0]))
    if owner is None or owner.value.state.finished:
        raise StoreConflict(f"lock {name} changed hands a moment ago")
    return (owner.check(),)


def _locks(store: Store, job: Job) -> list[tuple[str, Seen[LockRecord] | None]]:
    seen = store.find_many([lock_ref(name) for name in job.locks])
    return list(zip(job.locks, seen, strict=True))


def _in_line(name: str, line: tuple[str, ...], position: int) -> Wait:
    text = f"waits for lock {name}, held by task {line[0]}; place {position} in line"
    return Wait("lock", line[0], text, position=position)
