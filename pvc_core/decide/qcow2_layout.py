"""A qcow2 file that can be written from its first byte to its last.

Everything that says where data lie comes before the data; so the file can be sent as it is made, and its
length is known beforehand. Only what is allocated is in it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

CLUSTER = 65536
L2_ENTRIES = CLUSTER // 8
REFCOUNTS = CLUSTER // 2
COPIED = 1 << 63
HEADER = struct.Struct(">4sIQIIQIIQQIIQQQQII")
HEADER_BYTES = 104
Range = tuple[int, int]
"""First, and how many."""


@dataclass(frozen=True)
class Layout:
    """All in clusters; `ranges` are the guest's clusters that have data."""

    size: int
    ranges: tuple[Range, ...]
    tables: tuple[int, ...]
    """Which of the level 2 tables there are."""
    refcount_table: int
    refcount_blocks: int
    l1: int
    data: int

    @property
    def first_l1(self) -> int:
        return 1 + self.refcount_table + self.refcount_blocks

    @property
    def first_l2(self) -> int:
        return self.first_l1 + self.l1

    @property
    def first_data(self) -> int:
        return self.first_l2 + len(self.tables)

    @property
    def clusters(self) -> int:
        return self.first_data + self.data

    @property
    def length(self) -> int:
        return self.clusters * CLUSTER


def plan_qcow2(size: int, extents: Iterable[Range]) -> Layout:
    """`extents` are byte ranges, in order; what is not in them reads as zeros."""
    ranges = _as_clusters(extents)
    tables = tuple(dict.fromkeys(table for first, count in ranges for table in _tables(first, count)))
    data = sum(count for _, count in ranges)
    l1 = max(1, _ceil(_l1_entries(size) * 8, CLUSTER))
    blocks, table = 1, 1
    while (needed := _ceil(1 + table + blocks + l1 + len(tables) + data, REFCOUNTS)) > blocks:
        blocks, table = needed, _ceil(needed * 8, CLUSTER)
    return Layout(size, ranges, tables, table, blocks, l1, data)


def render_metadata(layout: Layout) -> Iterator[bytes]:
    """All that comes before the data."""
    yield _padded(_header(layout))
    first = 1 + layout.refcount_table
    yield _padded(_pack([(first + number) * CLUSTER for number in range(layout.refcount_blocks)]))
    yield from _refcounts(layout)
    entries = [0] * _l1_entries(layout.size)
    for number, table in enumerate(layout.tables):
        entries[table] = (layout.first_l2 + number) * CLUSTER | COPIED
    yield _padded(_pack(entries))
    yield from _level2(layout)


def data_ranges(layout: Layout) -> list[Range]:
    """Bytes of the guest in the order of the file; the last may reach beyond the guest's end."""
    return [(first * CLUSTER, count * CLUSTER) for first, count in layout.ranges]


def _header(layout: Layout) -> bytes:
    entries = _l1_entries(layout.size)
    at_l1, at_table = layout.first_l1 * CLUSTER, CLUSTER
    return HEADER.pack(
        b"QFI\xfb", 3, 0, 0, 16, layout.size, 0, entries, at_l1, at_table, layout.refcount_table, 0, 0,
        0, 0, 0, 4, HEADER_BYTES,
    )  # fmt: skip


def _refcounts(layout: Layout) -> Iterator[bytes]:
    """Each cluster of the file is used once."""
    for block in range(layout.refcount_blocks):
        used = min(REFCOUNTS, layout.clusters - block * REFCOUNTS)
        yield _padded(b"\x00\x01" * max(0, used))


def _level2(layout: Layout) -> Iterator[bytes]:
    """A cluster's place in the file is its place in the order of all that have data."""
    entries, table, at = [0] * L2_ENTRIES, layout.tables[0] if layout.tables else 0, layout.first_data
    for first, count in layout.ranges:
        for cluster in range(first, first + count):
            if cluster // L2_ENTRIES != table:
                yield _pack(entries)
                entries, table = [0] * L2_ENTRIES, cluster // L2_ENTRIES
            entries[cluster % L2_ENTRIES] = at * CLUSTER | COPIED
            at += 1
    if layout.tables:
        yield _pack(entries)


def _as_clusters(extents: Iterable[Range]) -> tuple[Range, ...]:
    """Whole clusters, merged where they touch."""
    merged: list[Range] = []
    for offset, length in extents:
        first, end = offset // CLUSTER, _ceil(offset + length, CLUSTER)
        if merged and first <= sum(merged[-1]):
            start, count = merged.pop()
            first, end = start, max(end, start + count)
        merged.append((first, end - first))
    return tuple(merged)


def _tables(first: int, count: int) -> range:
    return range(first // L2_ENTRIES, (first + count - 1) // L2_ENTRIES + 1)


def _l1_entries(size: int) -> int:
    return max(1, _ceil(size, CLUSTER * L2_ENTRIES))


def _pack(entries: Sequence[int]) -> bytes:
    return struct.pack(f">{len(entries)}Q", *entries)


def _padded(part: bytes) -> bytes:
    return part.ljust(_ceil(len(part), CLUSTER) * CLUSTER, b"\0")


def _ceil(amount: int, unit: int) -> int:
    return -(-amount // unit)
