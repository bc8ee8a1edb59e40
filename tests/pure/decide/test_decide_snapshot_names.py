"""Snapshots that are something's part, by their names; and proper names for odd ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.decide.snapshot_names import (
    SnapshotReserved,
    Tie,
    check_name_free,
    check_not_of_vm,
    is_proper,
    name_for_clone,
    parse_tie,
    plan_proper_names,
)


def test_what_a_clone_depends_on() -> None:
    assert parse_tie("vms/web@base") == Tie("vms", "web", "base")
    tie = parse_tie(f"vms/web@{name_for_clone('20261121t104500-abcdefgh')}")
    assert tie is not None and tie.made_for_clone and tie.snapshot == "clone.abcdefgh"


@pytest.mark.parametrize("name", ["", "a b", "web\n", "web\0", ".web", "x" * 64])
def test_what_is_no_proper_name(name: str) -> None:
    assert not is_proper(name)


@pytest.mark.parametrize("parent", ["", "vms/web", "vms/a b@base", "vms/web@a b", "web@base", "vms/a/b@c"])
def test_nothing_and_odd_names_are_no_tie(parent: str) -> None:
    assert parse_tie(parent) is None


def test_names_that_are_taken_for_pvcs_own() -> None:
    check_name_free("vm1")
    check_not_of_vm("vms/web", ["before", "clone.abcdefgh"], "rename")
    for name in ("vm.vm1-x", "clone.mine"):
        with pytest.raises(SnapshotReserved):
            check_name_free(name)
    with pytest.raises(SnapshotReserved, match=r"cannot rename vms/web: vm\.vm1-x is part"):
        check_not_of_vm("vms/web", ["before", "vm.vm1-x"], "rename")


def test_odd_names_become_proper_ones_that_are_free() -> None:
    names = ["a b", "a/b", "a-b", "fine", " x", "ä", "y" * 100]
    planned = list(plan_proper_names(names))
    assert planned == [
        ("a b", "a-b-2"),
        ("a/b", "a-b-3"),
        (" x", "_-x"),
        ("ä", "_-"),
        ("y" * 100, "y" * 63),
    ]


@given(st.lists(st.text(min_size=1, max_size=80), unique=True, max_size=20))
def test_every_odd_name_gets_a_proper_one_of_its_own(names: list[str]) -> None:
    planned = list(plan_proper_names(names))
    new = [name for _, name in planned]
    kept = [name for name in names if is_proper(name)]
    assert [name for name, _ in planned] == [name for name in names if not is_proper(name)]
    assert all(is_proper(name) for name in new) and len({*new, *kept}) == len(names)
