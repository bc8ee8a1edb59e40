"""Bounds, and how a long row of operations is cut to fit them."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.store.limits import batches, check_commit, weight
from pvc_core.store.port import MAX_COMMIT_OPERATIONS, MAX_VALUE_BYTES, Check, Create, Delete, Op, Put

OPS = st.builds(Create, st.just("/a"), st.integers(0, MAX_VALUE_BYTES // 2).map(lambda size: b"x" * size))


@given(st.lists(OPS, max_size=20))
def test_batches_fit_and_lose_nothing(ops: list[Op]) -> None:
    cut = list(batches(ops))
    for batch in cut:
        check_commit(batch)
    assert [op for batch in cut for op in batch] == ops


def test_batches_are_bounded_in_number() -> None:
    sizes = [len(batch) for batch in batches([Delete("/a")] * (2 * MAX_COMMIT_OPERATIONS + 1))]
    assert sizes == [MAX_COMMIT_OPERATIONS, MAX_COMMIT_OPERATIONS, 1]


def test_paths_weigh_as_they_are_sent() -> None:
    assert weight(Create("/ä", b"12")) == 5
    assert weight(Delete("/ab")) == 3


@pytest.mark.parametrize("op", [Put("/a", b"", cast(int, None)), Check("/a", cast(int, None))])
def test_only_a_delete_may_go_without_version(op: Op) -> None:
    with pytest.raises(ValueError, match="version is needed"):
        check_commit([op])
