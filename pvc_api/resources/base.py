"""How a noun gets its routes; an operation's is derived from its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_restx import Namespace, Resource

from pvc_api.answers import answer_job, answer_record
from pvc_api.auth import asker, need
from pvc_api.document import describe, document_operation, path_fields
from pvc_api.reading import Body, Nothing, read_body, read_object, read_query
from pvc_api.shared import service
from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import Operation


class Door(Resource):  # type: ignore[misc]  # flask-restx is untyped
    """Base of all resources."""


def noun(name: str, description: str) -> Namespace:
    """The routes of a noun; their full addresses are in the operations."""
    return Namespace(name, description=description, path="/")


def offer(routes: Namespace, *operations: type[Operation], beside: type[Door] = Door) -> None:
    """Route operations of one address, as their classes say; `beside` has its other methods."""
    resource = beside
    for operation in operations:
        resource = _add_method(resource, operation, operation.name.replace(".", "_").replace("-", "_"))
        _offer_alias(routes, operation)
    routes.add_resource(resource, _address(operations[0]))


def _offer_alias(routes: Namespace, operation: type[Operation]) -> None:
    if operation.alias is None:
        return
    base, _, verb = _address(operation).rpartition("/")
    resource = _add_method(Door, operation, f"{routes.name}_{operation.alias}")
    getattr(resource, operation.method.lower()).__doc__ = f"Another word for {verb}"
    routes.add_resource(resource, f"{base}/{operation.alias}")


def _add_method(base: type[Door], operation: type[Operation], identity: str) -> type[Door]:
    handler = describe(submitter(operation), document_operation(operation, identity))
    return type(identity, (base,), {operation.method.lower(): handler})


def _address(operation: type[Operation]) -> str:
    if operation.url is None:
        raise ValueError(f"{operation.name} has no address")
    return operation.url


def submitter(operation: type[Operation]) -> Callable[..., Response]:
    """The handler of an operation's route."""

    def submit(self: Door, **path: str) -> Response:
        need(operation.role)
        read_query(Nothing)
        fields, reason = _read_fields(operation)
        request = operation.parse({**fields, **path})
        if getattr(request, "dry_run", False):
            return answer_record(service().plan(request))
        return answer_job(service().submit(request, asker(reason)), operation.immediate)

    submit.__doc__ = operation.summary()
    return submit


def _read_fields(operation: type[Operation]) -> tuple[dict[str, Any], str]:
    """The body's fields, less the reason; a field of the path may not be said twice."""
    fields = read_object()
    twice = sorted(path_fields(operation.url or "") & fields.keys())
    if twice:
        raise InvalidRequest(f"{operation.name}: {', '.join(twice)} belongs in the path, not in the body")
    given = {"reason": fields.pop("reason")} if "reason" in fields else {}
    return fields, read_body(Body, given).reason
