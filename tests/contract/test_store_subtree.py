"""Rename and delete of whole branches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from ensembles import Ensemble

from pvc_core.errors import StoreConflict, StoreExists, StoreMissing, StoreTooLarge
from pvc_core.store.port import (
    MAX_COMMIT_OPERATIONS,
    MAX_VALUE_BYTES,
    Create,
    Delete,
    Home,
    Op,
    Put,
    Raw,
)
from pvc_core.store.subtree import delete_tree, plan_rename, read_branch, rename, walk

MOVABLE = MAX_COMMIT_OPERATIONS // 2


def interrupted(monkeypatch: pytest.MonkeyPatch, home: Home, meanwhile: Callable[[], None]) -> Home:
    """A home on which somebody else commits just before this one's next commit."""
    due = [meanwhile]
    commit = home.commit

    def late(ops: Sequence[Op]) -> None:
        if due:
            due.pop()()
        commit(ops)

    monkeypatch.setattr(home, "commit", late)
    return home


def state(home: Home) -> dict[str, Raw | None]:
    paths = walk(home, "/")
    return dict(zip(paths, home.read(paths), strict=True))


def test_rename_moves_a_key_with_all_below(vm: Home) -> None:
    vm.commit([Create("/vm/a/spec/deep", b"D"), Put("/vm/a/xml", b"X2", 0)])
    rename(vm, "/vm/a", "/vm/b")
    assert walk(vm, "/vm") == ["/vm", "/vm/b", "/vm/b/spec", "/vm/b/xml", "/vm/b/spec/deep"]
    raws = vm.read(["/vm/b", "/vm/b/spec", "/vm/b/xml", "/vm/b/spec/deep"])
    assert [raw.data for raw in raws if raw] == [b"A", b"S", b"X2", b"D"]


def test_rename_may_move_to_another_parent(vm: Home) -> None:
    vm.commit([Create("/old")])
    rename(vm, "/vm/a", "/old/a")
    assert vm.children(["/vm", "/old", "/old/a"]) == [(), ("a",), ("spec", "xml")]


@pytest.mark.parametrize(
    ("old", "new", "kind", "path"),
    [
        ("/vm/nope", "/vm/b", StoreMissing, "/vm/nope"),
        ("/vm/a", "/vm/c", StoreExists, "/vm/c"),
        ("/vm/a", "/vm/a", StoreExists, "/vm/a"),
        ("/vm/a", "/nope/a", StoreMissing, "/nope/a"),
    ],
)
def test_a_rename_that_cannot_be_changes_nothing(
    vm: Home, old: str, new: str, kind: type[StoreConflict], path: str
) -> None:
    vm.commit([Create("/vm/c")])
    before = state(vm)
    with pytest.raises(kind) as caught:
        rename(vm, old, new)
    assert caught.value.details["path"] == path
    assert state(vm) == before


@pytest.mark.parametrize("new", ["/vm/a/below", "/vm/a/spec/below"])
def test_nothing_moves_below_itself(vm: Home, new: str) -> None:
    with pytest.raises(ValueError, match="below itself"):
        rename(vm, "/vm/a", new)


@pytest.mark.parametrize(
    "change",
    [
        Put("/vm/a", b"changed", 0),
        Put("/vm/a/spec", b"changed", 0),
        Create("/vm/a/added"),
        Create("/vm/a/spec/added"),
        Delete("/vm/a/xml"),
        Create("/vm/b"),
    ],
)
def test_a_change_anywhere_below_stops_a_rename(
    vm: Home, ensemble: Ensemble, monkeypatch: pytest.MonkeyPatch, change: Op
) -> None:
    other = ensemble.open()
    with pytest.raises(StoreConflict):
        rename(interrupted(monkeypatch, vm, lambda: other.commit([change])), "/vm/a", "/vm/b")
    names = vm.children(["/vm"])[0] or ()
    assert "a" in names and not vm.children(["/vm/b"])[0]


def test_what_a_session_owns_is_not_moved(vm: Home) -> None:
    vm.commit([Create("/vm/a/claim", ephemeral=True)])
    before = state(vm)
    with pytest.raises(StoreConflict) as caught:
        rename(vm, "/vm/a", "/vm/b")
    assert caught.value.details["path"] == "/vm/a/claim"
    assert state(vm) == before


def test_the_most_that_fits_is_moved_and_one_more_is_refused(vm: Home) -> None:
    fitting = MOVABLE - 3
    vm.commit([Create(f"/vm/a/{number}") for number in range(fitting)])
    rename(vm, "/vm/a", "/vm/b")
    vm.commit([Create("/vm/b/straw")])
    before = state(vm)
    with pytest.raises(StoreTooLarge):
        rename(vm, "/vm/b", "/vm/c")
    assert state(vm) == before


def test_too_many_bytes_are_refused_before_anything_is_touched(vm: Home) -> None:
    for number in range(3):
        vm.commit([Create(f"/vm/a/{number}", b"x" * (MAX_VALUE_BYTES - 100))])
    before = state(vm)
    with pytest.raises(StoreTooLarge):
        rename(vm, "/vm/a", "/vm/b")
    assert state(vm) == before


def test_a_rename_goes_together_with_other_changes(vm: Home) -> None:
    ops = plan_rename(read_branch(vm, "/vm/a"), "/vm/b")
    with pytest.raises(StoreMissing):
        vm.commit([*ops, Put("/nope", b"", 0)])
    vm.commit([*ops, Put("/vm", b"moved", 0)])
    assert vm.read(["/vm", "/vm/a", "/vm/b"]) == [Raw(b"moved", 1), None, Raw(b"A", 0)]


def test_delete_tree_takes_all_and_nothing_else(vm: Home) -> None:
    vm.commit([Create("/vm/b"), Create("/vm/a/spec/deep"), Create("/vm/a/claim", ephemeral=True)])
    assert delete_tree(vm, "/vm/a") == 5
    assert walk(vm, "/vm") == ["/vm", "/vm/b"]
    assert delete_tree(vm, "/vm/a") == 0


def test_delete_tree_works_in_batches(vm: Home) -> None:
    for start in range(0, 1200, 400):
        vm.commit([Create(f"/vm/a/{number}") for number in range(start, start + 400)])
    assert delete_tree(vm, "/vm") == 1204
    assert vm.children(["/"]) == [()]


@pytest.mark.parametrize("change", [Create("/vm/a/added"), Delete("/vm/a/xml")])
def test_delete_tree_looks_again_when_others_interfere(
    vm: Home, ensemble: Ensemble, monkeypatch: pytest.MonkeyPatch, change: Op
) -> None:
    other = ensemble.open()
    delete_tree(interrupted(monkeypatch, vm, lambda: other.commit([change])), "/vm")
    assert vm.children(["/"]) == [()]
