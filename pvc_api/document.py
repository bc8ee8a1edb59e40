"""The Swagger document's parts: one model per operation and view, one entry per route."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from pvc_api.answers import PREFIX
from pvc_api.reading import Body, CancelBody, SealBody
from pvc_api.schema import Schema, schema_of
from pvc_core.model.hardware import Hardware, Memory, NetworkDevice, Vcpus, VolumeDevice
from pvc_core.model.job import Job
from pvc_core.model.log import LogView
from pvc_core.model.metadata import Tag
from pvc_core.model.operations import OPERATIONS, Operation
from pvc_core.model.storage import (
    Osd,
    Pool,
    StorageStatus,
    StorageUtil,
    Volume,
    VolumeDetail,
    VolumeSnapshot,
)
from pvc_core.model.upload import Upload
from pvc_core.model.views import Health, JobLog, NodeView, PlanView, StatusView, VmView
from pvc_core.model.vm_snapshot import VmSnapshot, VmSnapshotDiff

VIEWS: tuple[type[BaseModel], ...] = (
    Job,
    Hardware,
    Vcpus,
    Memory,
    NetworkDevice,
    VolumeDevice,
    Tag,
    JobLog,
    LogView,
    NodeView,
    VmView,
    StatusView,
    PlanView,
    Health,
    StorageStatus,
    StorageUtil,
    Osd,
    Pool,
    Volume,
    VolumeDetail,
    VolumeSnapshot,
    Upload,
    VmSnapshot,
    VmSnapshotDiff,
)

ERROR: Schema = {
    "type": "object",
    "required": ["code", "message", "remedy", "details"],
    "properties": {
        "code": {"type": "string", "description": "For programs."},
        "message": {"type": "string", "description": "What is wrong, in a sentence."},
        "remedy": {"type": "string", "description": "What to do about it."},
        "details": {"type": "object", "description": "What belongs to this code."},
    },
}

KEY_HEADER = {
    "in": "header",
    "type": "string",
    "maxLength": 128,
    "description": "Repeat a request safely: the same key answers with the same job.",
}

Handler = TypeVar("Handler", bound=Callable[..., Any])
Doc = dict[Any, Any]


def models() -> dict[str, Schema]:
    """All definitions, by name."""
    views = {view.__name__: schema_of(view) for view in VIEWS}
    bodies = {operation.__name__: body_schema(operation) for operation in OPERATIONS if operation.url}
    own = {"CancelBody": schema_of(CancelBody), "SealBody": schema_of(SealBody)}
    return {"Error": ERROR, **own, **views, **bodies}


def path_fields(url: str) -> frozenset[str]:
    return frozenset(re.findall(r"<(\w+)>", url))


def body_schema(operation: type[Operation]) -> Schema:
    """Its fields that are not in the path, and the reason every change accepts."""
    schema = schema_of(operation, without=path_fields(operation.url or ""))
    properties = {**schema.get("properties", {}), **schema_of(Body)["properties"]}
    return {**schema, "properties": properties, "example": _example(schema)}


def _example(schema: Schema) -> Doc:
    """What Swagger UI offers to send: the defaults, so that sending it unchanged is sound."""
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    shown = {
        name: part.get("default", "...") for name, part in fields if "default" in part or name in required
    }
    return {**shown, "reason": "why, for the audit record"}


def describe(handler: Handler, doc: Doc) -> Handler:
    """Attach what flask-restx puts into the document."""
    setattr(handler, "__apidoc__", doc)  # noqa: B010  flask-restx reads the attribute; Handler has none
    return handler


def body_parameter(model: str, required: bool = False) -> Doc:
    return {"in": "body", "required": required, "schema": {"$ref": f"#/definitions/{model}"}}


def error_responses(*codes: int) -> Doc:
    meaning = {
        400: "The request is invalid; nothing was changed.",
        401: "No token, or a wrong one.",
        403: "The token's role is too low.",
        404: "There is no such object.",
        409: "The state of the cluster does not allow it.",
        413: "The body is too large.",
        503: "The state store does not answer.",
    }
    return {code: (meaning[code], "Error") for code in codes}


def query_parameters(model: type[BaseModel]) -> Doc:
    """A query model's fields as parameters; what may be null may be left out."""
    fields = schema_of(model).get("properties", {})
    return {name: {**_unnullable(part), "in": "query"} for name, part in fields.items()}


def _unnullable(part: Schema) -> Schema:
    return {key: value for key, value in part.items() if key != "x-nullable"}


def document_read(identity: str, model: str, many: bool = False, **more: Any) -> Callable[[Handler], Handler]:
    """Documents a reading handler: what it answers with, and its parameters."""
    answer = ("Success", [model] if many else model)
    doc: Doc = {
        "id": identity,
        "responses": {200: answer, **error_responses(400, 401, 404, 503)},
        **more,
    }
    return lambda handler: describe(handler, doc)


def document_operation(operation: type[Operation], identity: str) -> Doc:
    """An operation's entry; all of it comes from its class."""
    path = path_fields(operation.url or "")
    fields = operation.model_fields
    parameters: Doc = {name: {"in": "path", "description": fields[name].description} for name in sorted(path)}
    needed = any(fields[name].is_required() for name in fields if name not in path)
    parameters["payload"] = body_parameter(operation.__name__, needed)
    parameters["Idempotency-Key"] = KEY_HEADER
    responses = {**_successes(operation), **error_responses(400, 401, 403, 404, 409, 413, 503)}
    return {"id": identity, "params": parameters, "responses": responses, "description": _details(operation)}


def _successes(operation: type[Operation]) -> Doc:
    if operation.immediate:
        return {200: ("Done; the finished job.", "Job")}
    location = {"Location": f"Where to follow it: {PREFIX}/task/ID"}
    accepted: Doc = {202: ("Accepted: the job will not be lost.", "Job", {"headers": location})}
    return {**accepted, 200: ("With `dry_run`: the plan.", "PlanView")} if operation.plannable else accepted


def _details(operation: type[Operation]) -> str:
    """The docstring after its first line, as Markdown."""
    _, _, details = inspect.cleandoc(operation.__doc__ or "").partition("\n")
    return f"{details.strip()}\n\nNeeds the role {operation.role}.".strip()
