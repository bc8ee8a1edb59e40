"""Pydantic schemas as Swagger 2.0 can say them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from pvc_api.document import VIEWS, body_schema, models
from pvc_api.schema import schema_of
from pvc_core.model.operations import OPERATIONS, DefineVm, FlushNode, Operation

ROUTED = [operation for operation in OPERATIONS if operation.url]


class Colour(StrEnum):
    RED = "red"


class Inner(BaseModel):
    colour: Colour = Colour.RED


class Sample(BaseModel):
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    fixed: Literal["one"] = "one"
    above: float = Field(gt=0)
    either: int | str = 1
    counts: dict[str, int] = {}


def walk(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        return [part, *(found for value in part.values() for found in walk(value))]
    return [found for value in part for found in walk(value)] if isinstance(part, list) else []


def test_references_are_resolved_in_place() -> None:
    properties = schema_of(Sample)["properties"]
    assert properties["inner"]["properties"]["colour"]["enum"] == ["red"]
    assert properties["many"]["items"]["properties"]["colour"]["type"] == "string"


def test_or_null_becomes_x_nullable() -> None:
    assert schema_of(Sample)["properties"]["inner"]["x-nullable"] is True


def test_an_exclusive_bound_is_said_the_old_way() -> None:
    above = schema_of(Sample)["properties"]["above"]
    assert (above["minimum"], above["exclusiveMinimum"]) == (0, True)


def test_a_constant_is_an_enum_of_one() -> None:
    assert schema_of(Sample)["properties"]["fixed"]["enum"] == ["one"]


def test_a_choice_that_cannot_be_said_is_left_open() -> None:
    assert "type" not in schema_of(Sample)["properties"]["either"]


def test_fields_left_out_are_not_required_either() -> None:
    assert "required" not in schema_of(Sample, without=frozenset({"above"}))


@pytest.mark.parametrize("name", models())
def test_no_model_says_what_swagger_2_cannot(name: str) -> None:
    for part in walk(models()[name]):
        assert not part.keys() & {"$ref", "anyOf", "oneOf", "allOf", "$defs", "const", "prefixItems"}
        assert part.get("type") != "null"


@pytest.mark.parametrize("operation", ROUTED)
def test_a_body_has_the_fields_that_are_not_in_the_path(operation: type[Operation]) -> None:
    in_path = {field for field in operation.model_fields if f"<{field}>" in (operation.url or "")}
    expected = operation.model_fields.keys() - in_path | {"reason"}
    assert body_schema(operation)["properties"].keys() == expected


def test_the_example_can_be_sent_as_it_is() -> None:
    example = dict(body_schema(FlushNode)["example"])
    example.pop("reason")
    assert FlushNode.parse({"node": "hv1", **example}) == FlushNode(node="hv1")


def test_bounds_and_choices_reach_the_document() -> None:
    fields = body_schema(FlushNode)["properties"]
    assert (fields["parallel"]["minimum"], fields["parallel"]["maximum"]) == (1, 64)
    assert fields["on_blocked"]["enum"] == ["leave", "shutdown", "stop"]
    assert body_schema(DefineVm)["required"] == ["xml"]


def test_all_views_are_documented() -> None:
    assert {view.__name__ for view in VIEWS} <= models().keys()
