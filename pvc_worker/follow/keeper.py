"""Writing what was read of many logs: few commits, each log's part of it whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pvc_core.decide.keeping import Kept
from pvc_core.errors import NotFound, StoreConflict
from pvc_core.store.documents import Store
from pvc_core.store.limits import weight
from pvc_core.store.port import MAX_COMMIT_BYTES, MAX_COMMIT_OPERATIONS, Op
from pvc_worker.follow.log import Log


@dataclass(frozen=True)
class Part:
    """What is to be written of one log."""

    log: Log
    kept: Kept
    ops: tuple[Op, ...]


def keep_logs(
    store: Store, due: Iterable[Log], followed: Mapping[str, str], ended: Iterable[Log]
) -> list[Log]:
    """Those that somebody else has written to, or that have no place any more: they must be opened anew."""
    parts, lost = [], []
    for each, closed in [*((log, False) for log in due), *((log, True) for log in ended)]:
        kept = each.plan(followed.get(each.key, ""), closed)
        if closed and each.needless(kept):
            each.closed = True
            continue
        try:
            parts.append(Part(each, kept, tuple(each.operations(store, kept))))
        except NotFound:
            each.closed = closed
            lost.append(each)
    for batch in _batches(parts):
        lost += _commit(store, batch)
    return lost


def _commit(store: Store, batch: list[Part]) -> list[Log]:
    """All together; one by one when one of them is overtaken."""
    try:
        store.commit(*(op for part in batch for op in part.ops))
    except StoreConflict:
        if len(batch) == 1:
            return [batch[0].log]
        return [log for part in batch for log in _commit(store, [part])]
    for part in batch:
        part.log.settle(part.kept)
    return []


def _batches(parts: Iterable[Part]) -> Iterator[list[Part]]:
    batch: list[Part] = []
    count = size = 0
    for part in parts:
        more = sum(map(weight, part.ops))
        if batch and (count + len(part.ops) > MAX_COMMIT_OPERATIONS or size + more > MAX_COMMIT_BYTES):
            yield batch
            batch, count, size = [], 0, 0
        batch.append(part)
        count, size = count + len(part.ops), size + more
    if batch:
        yield batch
