"""What a request may look like. `"false"` is not false: the predecessor ran such calls forced (fault 13)."""

from __future__ import annotations

from typing import Any

import pytest

from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import (
    BY_NAME,
    OPERATIONS,
    DefineVm,
    FlushNode,
    MigrateVm,
    Operation,
    ShutdownVm,
    StartVm,
)
from pvc_core.model.operations.node import OnBlocked


def faults(operation: type[Operation], **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        operation.parse(fields)
    return dict(caught.value.details["faults"])


@pytest.mark.parametrize("word", ["false", "true", "no", "", 0, 1, None, [], {}])
@pytest.mark.parametrize(
    ("operation", "field", "rest"),
    [
        (MigrateVm, "force", {"vm": "vm1"}),
        (FlushNode, "dry_run", {"node": "hv1"}),
        (ShutdownVm, "restart_on_ready", {"vm": "vm1"}),
        (DefineVm, "autorestart", {"xml": "<domain/>"}),
    ],
)
def test_only_true_and_false_are_booleans(
    operation: type[Operation], field: str, rest: dict[str, Any], word: Any
) -> None:
    assert set(faults(operation, **rest, **{field: word})) == {field}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_unknown_field_is_refused_by_name(operation: type[Operation]) -> None:
    assert faults(operation, surprise=1)["surprise"] == "is not known here"


def test_every_fault_is_named_at_once() -> None:
    found = faults(FlushNode, node="../etc", parallel=0, on_blocked="explode", surprise=1)
    assert set(found) == {"node", "parallel", "on_blocked", "surprise"}
    assert faults(FlushNode) == {"node": "is required"}


BAD_NAMES = [
    "",
    "..",
    ".",
    "a/b",
    "../hv1",
    "hv 1",
    "-hv1",
    "hv1\n",
    "hv1\0",
    "é",
    "a" * 65,
    "%2e",
    "hv1-",
    7,
    None,
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_node_name_with_path_characters_is_refused(name: Any) -> None:
    assert "node" in faults(FlushNode, node=name)


@pytest.mark.parametrize("name", [bad for bad in BAD_NAMES if bad != "hv1-"])
def test_a_vm_reference_with_path_characters_is_refused(name: Any) -> None:
    assert "vm" in faults(StartVm, vm=name)


@pytest.mark.parametrize("name", ["a", "hv1", "a.b-c", "1", "A" * 63])
def test_ordinary_names_are_taken(name: str) -> None:
    assert FlushNode.parse({"node": name}).node == name


@pytest.mark.parametrize("number", [0, -1, 65, 1.5, "4", True, 10**30])
def test_a_number_keeps_its_bounds_and_its_type(number: Any) -> None:
    assert "parallel" in faults(FlushNode, node="hv1", parallel=number)


def test_words_become_what_they_mean_and_lists_become_tuples() -> None:
    asked = FlushNode.parse({"node": "hv1", "on_blocked": "stop", "parallel": None})
    assert asked.on_blocked is OnBlocked.STOP
    assert DefineVm.parse({"xml": "<x/>", "node_limit": ["hv1", "hv2"]}).node_limit == ("hv1", "hv2")


def test_a_request_never_changes() -> None:
    with pytest.raises(Exception, match="frozen"):
        FlushNode(node="hv1").node = "hv2"  # type: ignore[misc]


@pytest.mark.parametrize(
    "asked",
    [
        FlushNode(node="hv1", parallel=3, on_blocked=OnBlocked.SHUTDOWN),
        MigrateVm(vm="vm1", target="hv2", force=True),
        ShutdownVm(vm="vm1", timeout_s=5),
    ],
)
def test_what_a_job_stores_parses_to_the_same_request(asked: Operation) -> None:
    assert BY_NAME[asked.name].parse(asked.fields()) == asked


def test_a_long_text_is_stored_as_its_fingerprint() -> None:
    one, other = DefineVm(xml="<domain/>").fields(), DefineVm(xml="<domain />").fields()
    assert one["xml"].startswith("sha256:") and one["xml"] != other["xml"]


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(OPERATIONS)


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_half_a_surrogate_pair_is_a_fault_and_no_crash(text: str) -> None:
    assert faults(StartVm, vm=text)
    assert faults(DefineVm, xml=text)
