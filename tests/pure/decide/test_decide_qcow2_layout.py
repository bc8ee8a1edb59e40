"""A qcow2 file from first byte to last: read back by its own tables."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.qcow2_layout import CLUSTER, Range, data_ranges, plan_qcow2, render_metadata

MIB = 1 << 20
GIB = 1 << 30


def number(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "big")


def placed(size: int, extents: list[Range]) -> dict[int, int]:
    """By the file's own tables: where in the file each of the guest's clusters lies."""
    layout = plan_qcow2(size, extents)
    meta = b"".join(render_metadata(layout))
    assert len(meta) == layout.first_data * CLUSTER
    found = {}
    for first in range(number(meta, 36, 4)):
        if table := number(meta, number(meta, 40) + first * 8) & ~(1 << 63):
            for second in range(CLUSTER // 8):
                if at := number(meta, table + second * 8) & ~(1 << 63):
                    found[first * (CLUSTER // 8) + second] = at
    return found


def test_an_empty_volume_is_metadata_alone() -> None:
    layout = plan_qcow2(GIB, [])
    meta = b"".join(render_metadata(layout))
    assert layout.length == len(meta) == 4 * CLUSTER
    assert struct.unpack(">4sI", meta[:8]) == (b"QFI\xfb", 3)
    assert (number(meta, 8), number(meta, 24)) == (0, GIB)


def test_clusters_lie_in_the_order_of_the_guest() -> None:
    extents = [(0, 10), (5 * CLUSTER - 1, 2), (600 * MIB, MIB)]
    layout = plan_qcow2(GIB, extents)
    found = placed(GIB, extents)
    assert sorted(found) == [0, 4, 5, *range(9600, 9616)]
    assert [found[cluster] for cluster in sorted(found)] == [
        (layout.first_data + number) * CLUSTER for number in range(19)
    ]
    assert data_ranges(layout) == [(0, CLUSTER), (4 * CLUSTER, 2 * CLUSTER), (600 * MIB, MIB)]


@pytest.mark.parametrize("size", [CLUSTER, 100 * GIB])
def test_every_cluster_of_the_file_is_counted_once(size: int) -> None:
    layout = plan_qcow2(size, [(0, size)])
    parts = render_metadata(layout)
    next(parts), next(parts)
    counts = b"".join(next(parts) for _ in range(layout.refcount_blocks))
    assert counts.rstrip(b"\0") == b"\x00\x01" * layout.clusters


@given(st.lists(st.tuples(st.integers(0, 9999), st.integers(1, 300)), max_size=12))
def test_any_extents_are_all_there_and_nothing_twice(found: list[Range]) -> None:
    end, extents = 0, []
    for gap, length in found:
        extents.append(((end + gap) * 512, length * 512))
        end += gap + length
    size = max(512, end * 512)
    clusters = {at // CLUSTER for start, length in extents for at in range(start, start + length, 512)}
    spots = placed(size, extents)
    assert spots.keys() == clusters and len(set(spots.values())) == len(clusters)
    layout = plan_qcow2(size, extents)
    assert layout.length == (layout.first_data + len(clusters)) * CLUSTER
