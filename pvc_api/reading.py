"""Reading requests: bodies and query strings, with nothing unknown let through."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, TypeVar

import orjson
from flask import request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from pvc_api.shared import max_body
from pvc_core.errors import InvalidRequest
from pvc_core.model.operations.base import as_invalid
from pvc_core.model.operations.storage_upload import Sha256

Reason = Annotated[str, Field(max_length=1000, description="Why; free text for the audit record.")]


class Body(BaseModel):
    """What every change accepts besides its own fields."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Reason = ""


class CancelBody(Body):
    """How a job is cancelled."""

    force: bool = Field(
        False, description="End it even where nobody can be asked to stop: look after what it was doing."
    )


class SealBody(BaseModel):
    """The end of an upload."""

    model_config = ConfigDict(extra="forbid", strict=True)

    checksum: Sha256 = Field(description="The SHA-256 of the whole file, in hexadecimal.")


class Query(BaseModel):
    """A query string; values arrive as text, so they are converted."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Query):
    """No parameters."""


def among(values: Collection[str]) -> AfterValidator:
    """A text that must be one of these; a fault names them all."""

    def check(text: str) -> str:
        if text not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return text

    return AfterValidator(check)


BodyType = TypeVar("BodyType", bound=BaseModel)


def read_object() -> dict[str, Any]:
    """The body's JSON object; an empty body is an empty object."""
    raw = _read_raw()
    if not raw:
        return {}
    if not request.is_json:
        raise InvalidRequest("the body must be JSON", "Send `Content-Type: application/json`.")
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidRequest("the body must be a JSON object")
    return document


def _read_raw() -> bytes:
    """Of a body sent in chunks Werkzeug returns what fits and drops the rest: hence the byte too many."""
    raw = request.get_data(cache=False)
    if len(raw) > max_body():
        raise RequestEntityTooLarge
    return raw


def read_body(model: type[BodyType], fields: dict[str, Any]) -> BodyType:
    return _validated(model, "body", fields)


def read_address(model: type[BodyType], **path: str) -> BodyType:
    """What stands in the path, in the words in which an operation would refuse it."""
    return _validated(model, "address", path)


def read_query(model: type[BodyType]) -> BodyType:
    """Raises InvalidRequest also for a parameter given twice."""
    given = request.args.to_dict(flat=False)
    twice = [name for name, values in given.items() if len(values) > 1]
    if twice:
        raise InvalidRequest(f"query: {', '.join(twice)} given more than once")
    return _validated(model, "query", {name: values[0] for name, values in given.items()})


def _validated(model: type[BodyType], what: str, fields: dict[str, Any]) -> BodyType:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise as_invalid(what, error) from None
