"""What an admin may say about a VM, and what old records without it mean."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pvc_core.errors import InvalidRequest
from pvc_core.model.metadata import MOST_TAGS, Metadata, Tag
from pvc_core.model.operations import BY_NAME, AddVmTag, DefineVm, MetaVm, Operation, RemoveVmTag
from pvc_core.model.vm import MigrationMethod, VmSpec

OLD_RECORD = {
    "uuid": "9252c5ba-c114-4a30-af9d-b63430cd6052",
    "name": "web1",
    "node": "hv1",
    "memory_mib": 128,
    "vcpus": 1,
}

WRONG: list[tuple[str, Any]] = [
    ("autorestart", "false"),
    ("post_copy", 1),
    ("restart_on_crash", "no"),
    ("node_limit", "hv1"),
    ("node_limit", ["../hv1"]),
    ("node_limit", [7]),
    ("node_selector", "random"),
    ("migration_method", None),
    ("migration_method", "LIVE"),
    ("max_downtime_ms", 0),
    ("max_downtime_ms", 60_001),
    ("max_downtime_ms", "300"),
    ("max_downtime_ms", True),
    ("shutdown_timeout_s", 0),
    ("shutdown_timeout_s", 86_401),
    ("on_shutdown_timeout", "kill"),
    ("console_lines", 0),
    ("console_lines", 10_001),
    ("description", "x" * 501),
    ("description", "two\nlines"),
    ("description", "\x1b[31mred"),
    ("description", None),
]


def faults(operation: type[Operation], **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        operation.parse(fields)
    return dict(caught.value.details["faults"])


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_define_and_meta_refuse_the_same(field: str, value: Any) -> None:
    for operation, rest in ((DefineVm, {"xml": "<domain/>"}), (MetaVm, {"vm": "web1"})):
        assert {where.partition(".")[0] for where in faults(operation, **rest, **{field: value})} == {field}


def test_an_old_record_means_what_it_meant() -> None:
    vm = VmSpec.model_validate(OLD_RECORD)
    assert (vm.migration_method, vm.max_downtime_ms, vm.post_copy) == (MigrationMethod.LIVE, None, False)
    assert (vm.restart_on_crash, vm.description, vm.tags) == (None, "", ())


def test_what_a_newer_worker_said_of_a_tag_survives() -> None:
    tags = [{"name": "shop", "protected": True, "colour": "red"}]
    vm = VmSpec.model_validate({**OLD_RECORD, "tags": tags}).but(node="hv2")
    assert vm.model_dump(mode="json")["tags"] == tags


def test_the_same_node_twice_is_the_node_once() -> None:
    assert MetaVm.parse({"vm": "web1", "node_limit": ["hv1", "hv2", "hv1"]}).node_limit == ("hv1", "hv2")


TAGS: list[Any] = [
    [{"name": ""}],
    [{"name": "a/b"}],
    [{"name": "a b"}],
    [{"name": "-a"}],
    [{"name": "é"}],
    [{"name": "x" * 64}],
    [{"name": "a", "protected": "false"}],
    [{"name": "a", "colour": "red"}],
    [{"name": "a"}, {"name": "a", "protected": True}],
    [{"name": f"tag{number}"} for number in range(MOST_TAGS + 1)],
    [{}],
    ["a"],
    "a",
    None,
]


@pytest.mark.parametrize("tags", TAGS, ids=range(len(TAGS)))
def test_what_is_no_list_of_tags(tags: Any) -> None:
    found = faults(DefineVm, xml="<domain/>", tags=tags)
    assert {where.partition(".")[0] for where in found} == {"tags"}


@pytest.mark.parametrize("name", ["a", "a.b-c_d", "apart:web", "rack=7", "x" * 63])
def test_ordinary_tags_are_taken(name: str) -> None:
    assert DefineVm.parse({"xml": "<domain/>", "tags": [{"name": name}]}).tags == (Tag(name=name),)
    assert AddVmTag.parse({"vm": "web1", "tag": name}).tag == name


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "a\n", "x" * 64, 7, None])
@pytest.mark.parametrize("operation", [AddVmTag, RemoveVmTag])
def test_what_is_no_tag(operation: type[Operation], name: Any) -> None:
    assert "tag" in faults(operation, vm="web1", tag=name)


def test_a_name_that_cannot_be_is_refused_in_words() -> None:
    assert faults(AddVmTag, vm="web1", tag="a/b")["tag"].startswith("must be letters, digits and . _ : = -")


def test_a_change_of_nothing_is_refused() -> None:
    assert "nothing to change" in faults(MetaVm, vm="web1")["body"]
    assert "nothing to change" in faults(MetaVm, vm="web1", reset=[])["body"]


def test_null_is_no_way_to_set_back() -> None:
    assert "`reset`" in faults(MetaVm, vm="web1", max_downtime_ms=None)["body"]


def test_reset_takes_the_fields_there_are_and_not_those_given() -> None:
    assert "max_downtime_ms" in faults(MetaVm, vm="web1", reset=["colour"])["reset"]
    assert "uuid" in faults(MetaVm, vm="web1", reset=["uuid"])["reset"]
    both = faults(MetaVm, vm="web1", autorestart=True, reset=["autorestart"])
    assert "autorestart cannot be given and reset at once" in both["body"]
    assert MetaVm.parse({"vm": "web1", "reset": list(Metadata.model_fields)}).reset


@pytest.mark.parametrize(
    "asked",
    [
        MetaVm(vm="web1", autorestart=False),
        MetaVm(vm="web1", reset=("node_limit",), max_downtime_ms=5),
        AddVmTag(vm="web1", tag="shop", protected=True),
    ],
)
def test_a_job_keeps_what_was_said_and_no_more(asked: Operation) -> None:
    again = BY_NAME[asked.name].parse(asked.fields())
    assert (again, again.fields()) == (asked, asked.fields())
    assert "node_selector" not in asked.fields()


def test_a_field_left_out_has_no_default_in_the_document() -> None:
    described = MetaVm.model_json_schema()["properties"]
    assert [name for name, field in described.items() if "default" in field] == []


def test_tags_of_one_name_cannot_be_recorded() -> None:
    with pytest.raises(ValidationError, match="more than once"):
        VmSpec.model_validate({**OLD_RECORD, "tags": [{"name": "a"}, {"name": "a"}]})
