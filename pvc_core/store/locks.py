"""Locks that belong to jobs: pure builders of operations for the commit that moves the job.

A lock is the document `/lock/NAME`. It is taken, handed on and released in the same transaction that
changes the job, so a settled job holds nothing and a lock never outlives its owner. Whoever releases
promotes the next in line in the same operation; the document goes when nobody is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pvc_core.model.lock import LockRecord
from pvc_core.store.documents import Ref, Seen
from pvc_core.store.port import Op

LOCK_NAME_PATTERN = r"[A-Za-z0-9._:-]{1,200}"


def may_be_locked(name: str) -> bool:
    return bool(re.fullmatch(LOCK_NAME_PATTERN, name)) and name not in (".", "..")


def lock_ref(name: str) -> Ref[LockRecord]:
    """Where a lock lives; raises ValueError for a name no lock may have."""
    if not may_be_locked(name):
        raise ValueError(f"not the name of a lock: {name!r}")
    return Ref(f"/lock/{name}", LockRecord, f"lock {name}")


def plan_take(
    ref: Ref[LockRecord], seen: Seen[LockRecord] | None, job: str, now: float
) -> tuple[list[Op], int]:
    """Own the lock, or stand in line for it; the place in line, 0 for the owner.

    Taking what one holds or waits for already only checks that it is still so.
    """
    line = () if seen is None else seen.value.line
    if seen is not None and job in line and seen.value.owner is not None:
        return [seen.check()], line.index(job)
    return [plan_join(ref, seen, (job,), now)], line.index(job) if job in line else len(line)


def plan_join(ref: Ref[LockRecord], seen: Seen[LockRecord] | None, jobs: Iterable[str], now: float) -> Op:
    """Have these stand in line, in their order, behind those who do already."""
    lock = LockRecord() if seen is None else seen.value
    after = _with_line(lock, tuple(dict.fromkeys((*lock.line, *jobs))), now)
    return ref.create(after) if seen is None else seen.save(after)


def plan_release(seen: Seen[LockRecord] | None, job: str, now: float) -> tuple[list[Op], str | None]:
    """Give the lock back, or leave the line; the job that owns it now because of that, to be woken."""
    if seen is None or job not in seen.value.line:
        return [], None
    line = tuple(other for other in seen.value.line if other != job)
    if not line:
        return [seen.delete()], None
    promoted = line[0] if line[0] != seen.value.owner else None
    return [seen.save(_with_line(seen.value, line, now))], promoted


def _with_line(lock: LockRecord, line: tuple[str, ...], now: float) -> LockRecord:
    since = lock.since if line[0] == lock.owner else now
    return lock.but(owner=line[0], since=since, waiters=line[1:])
