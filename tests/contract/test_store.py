"""Values, versions and transactions: the same in memory and in ZooKeeper."""

from __future__ import annotations

import pytest

from pvc_core.errors import StoreConflict, StoreExists, StoreMissing, StoreTooLarge
from pvc_core.store.port import (
    MAX_COMMIT_BYTES,
    MAX_COMMIT_OPERATIONS,
    MAX_VALUE_BYTES,
    Check,
    Create,
    Delete,
    Home,
    Op,
    Put,
    Raw,
)


def test_a_new_value_has_version_zero(home: Home) -> None:
    home.commit([Create("/a", b"one")])
    assert home.read(["/a"]) == [Raw(b"one", 0)]


def test_every_put_counts_one_up(home: Home) -> None:
    home.commit([Create("/a")])
    home.commit([Put("/a", b"one", 0)])
    home.commit([Put("/a", b"two", 1)])
    assert home.read(["/a"]) == [Raw(b"two", 2)]


def test_version_zero_is_a_version(home: Home) -> None:
    home.commit([Create("/a")])
    home.commit([Put("/a", b"one", 0)])
    for op in (Put("/a", b"two", 0), Delete("/a", 0), Check("/a", 0)):
        with pytest.raises(StoreConflict) as caught:
            home.commit([op])
        assert type(caught.value) is StoreConflict
        assert caught.value.details["path"] == "/a"
    assert home.read(["/a"]) == [Raw(b"one", 1)]


def test_a_value_made_again_starts_at_zero(home: Home) -> None:
    home.commit([Create("/a")])
    home.commit([Put("/a", b"one", 0)])
    home.commit([Delete("/a", 1)])
    home.commit([Create("/a", b"new")])
    assert home.read(["/a"]) == [Raw(b"new", 0)]


def test_delete_without_version_takes_any(home: Home) -> None:
    home.commit([Create("/a")])
    home.commit([Put("/a", b"one", 0)])
    home.commit([Delete("/a")])
    assert home.read(["/a"]) == [None]


def test_what_is_not_there_reads_as_none(home: Home) -> None:
    home.commit([Create("/a", b"one"), Create("/b")])
    assert home.read(["/nope", "/a", "/a/b/c"]) == [None, Raw(b"one", 0), None]
    assert home.children(["/nope", "/a"]) == [None, ()]
    assert home.read([]) == [] and home.children([]) == []


def test_children_are_sorted_and_of_one_level(vm: Home) -> None:
    vm.commit([Create("/vm/c"), Create("/vm/b")])
    assert vm.children(["/vm", "/vm/a", "/"]) == [("a", "b", "c"), ("spec", "xml"), ("vm",)]


def test_the_root_has_a_value(home: Home) -> None:
    assert home.read(["/"]) == [Raw(b"", 0)]


def test_values_are_bytes_of_any_kind(home: Home) -> None:
    data = bytes(range(256))
    home.commit([Create("/a", data), Create("/b", b"")])
    assert home.read(["/a", "/b"]) == [Raw(data, 0), Raw(b"", 0)]


FAULTS: list[tuple[Op, type[StoreConflict], str]] = [
    (Put("/vm/a", b"late", 7), StoreConflict, "/vm/a"),
    (Check("/vm/a", 7), StoreConflict, "/vm/a"),
    (Delete("/vm/a", 7), StoreConflict, "/vm/a"),
    (Delete("/vm/a", 0), StoreConflict, "/vm/a"),
    (Put("/vm/b", b"", 0), StoreMissing, "/vm/b"),
    (Check("/vm/b", 0), StoreMissing, "/vm/b"),
    (Delete("/vm/b"), StoreMissing, "/vm/b"),
    (Create("/nope/b"), StoreMissing, "/nope/b"),
    (Create("/vm/a"), StoreExists, "/vm/a"),
]


@pytest.mark.parametrize(("op", "kind", "path"), FAULTS, ids=[f"{f[1].code}-{f[0]}" for f in FAULTS])
def test_a_fault_undoes_the_whole_commit_and_names_its_path(
    vm: Home, op: Op, kind: type[StoreConflict], path: str
) -> None:
    around: list[Op] = [Create("/before"), Put("/vm", b"changed", 0), Delete("/vm/a/xml", 0)]
    with pytest.raises(StoreConflict) as caught:
        vm.commit([*around, op, Create("/after")])
    assert (type(caught.value), caught.value.details["path"]) == (kind, path)
    assert vm.children(["/", "/vm/a"]) == [("vm",), ("spec", "xml")]
    assert vm.read(["/vm"]) == [Raw(b"", 0)]


@pytest.mark.parametrize(("op", "kind", "path"), FAULTS, ids=[f"{f[1].code}-{f[0]}" for f in FAULTS])
def test_a_commit_of_one_operation_fails_alike(
    vm: Home, op: Op, kind: type[StoreConflict], path: str
) -> None:
    with pytest.raises(StoreConflict) as caught:
        vm.commit([op])
    assert (type(caught.value), caught.value.details["path"]) == (kind, path)


def test_the_first_of_two_faults_is_named(vm: Home) -> None:
    with pytest.raises(StoreMissing) as caught:
        vm.commit([Check("/vm", 0), Check("/gone", 0), Check("/vm/a", 9)])
    assert caught.value.details["path"] == "/gone"


def test_later_operations_see_the_earlier_ones(vm: Home) -> None:
    vm.commit([Create("/b"), Create("/b/c"), Put("/b/c", b"x", 0), Check("/b/c", 1), Delete("/b/c", 1)])
    vm.commit([Delete("/vm/a/xml"), Delete("/vm/a/spec"), Delete("/vm/a")])
    assert vm.children(["/b", "/vm"]) == [(), ()]


def test_a_commit_of_nothing_does_nothing(home: Home) -> None:
    home.commit([])
    assert home.children(["/"]) == [()]


def test_the_largest_value_fits(home: Home) -> None:
    home.commit([Create("/a", b"x" * MAX_VALUE_BYTES)])
    [raw] = home.read(["/a"])
    assert raw is not None and len(raw.data) == MAX_VALUE_BYTES


def test_a_larger_value_is_refused_by_name(home: Home) -> None:
    for op in (Create("/a", b"x" * (MAX_VALUE_BYTES + 1)), Put("/a", b"x" * (MAX_VALUE_BYTES + 1), 0)):
        with pytest.raises(StoreTooLarge) as caught:
            home.commit([Create("/before"), op])
        assert caught.value.details["path"] == "/a"
    assert home.children(["/"]) == [()]


def test_the_largest_commit_fits(home: Home) -> None:
    names = [f"/{number:0199d}" for number in range(MAX_COMMIT_OPERATIONS)]
    data = b"x" * (MAX_COMMIT_BYTES // MAX_COMMIT_OPERATIONS - 200)
    home.commit([Create(name, data) for name in names])
    assert len(home.children(["/"])[0] or ()) == MAX_COMMIT_OPERATIONS


def test_too_many_operations_are_refused(home: Home) -> None:
    with pytest.raises(StoreTooLarge):
        home.commit([Create(f"/{number}") for number in range(MAX_COMMIT_OPERATIONS + 1)])
    assert home.children(["/"]) == [()]


def test_too_many_bytes_are_refused_paths_included(home: Home) -> None:
    half = MAX_COMMIT_BYTES // 2
    with pytest.raises(StoreTooLarge):
        home.commit([Create("/a", b"x" * half), Create("/b", b"x" * (half - 3))])
    assert home.children(["/"]) == [()]


def test_a_thousand_reads_are_one_call(home: Home) -> None:
    home.commit([Create("/many")])
    paths = [f"/many/{number:04d}" for number in range(1000)]
    for start in (0, 500):
        home.commit([Create(path, path.encode()) for path in paths[start : start + 500]])
    assert home.read(paths) == [Raw(path.encode(), 0) for path in paths]
    assert home.children(["/many"]) == [tuple(path[6:] for path in paths)]
    assert home.children(paths) == [()] * 1000


@pytest.mark.parametrize("path", ["", "a", "//", "/a/", "/a//b", "/a/../b", "/./a", "/a\0b"])
def test_a_path_of_another_spelling_is_a_mistake_of_the_caller(home: Home, path: str) -> None:
    for call in (
        lambda: home.read([path]),
        lambda: home.children([path]),
        lambda: home.commit([Create(path)]),
        lambda: home.watch_value(path, lambda: None),
        lambda: home.watch_children(path, lambda: None),
    ):
        with pytest.raises(ValueError, match="not a path"):
            call()


def test_a_negative_version_never_means_any(vm: Home) -> None:
    for op in (Put("/vm", b"", -1), Check("/vm", -1), Delete("/vm/a/xml", -1)):
        with pytest.raises(ValueError, match="not a version"):
            vm.commit([op])
