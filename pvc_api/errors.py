"""Every failure leaves the API in one shape: code, message, remedy, details."""

from __future__ import annotations

import logging

from flask import Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoRoute

from pvc_api.answers import PREFIX, answer_error
from pvc_api.shared import shared
from pvc_core.errors import BodyTooLarge, InvalidRequest, NotFound, PvcError

log = logging.getLogger(__name__)


class NotAllowedHere(PvcError):
    code, status = "METHOD_NOT_ALLOWED", 405


class Unforeseen(PvcError):
    """A fault of PVC itself."""

    code, status = "INTERNAL", 500
    default_remedy = "The log of pvc-api has the details; please report them."


def handle(error: Exception) -> Response:
    """Any exception as an answer; only what nobody foresaw is logged with its traceback."""
    if isinstance(error, PvcError):
        return answer_error(error)
    if isinstance(error, HTTPException):
        return _handle_http(error)
    log.error("%s %r failed", request.method, request.path, exc_info=error)
    return answer_error(Unforeseen(f"an unforeseen error: {type(error).__name__}"))


def _handle_http(error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed):
        return _handle_method(error)
    if isinstance(error, NoRoute):
        remedy = f"{PREFIX}/doc lists all there is."
        return answer_error(NotFound("there is nothing at this address", remedy))
    if error.code == 413:
        limit = shared().config.api.max_body_kib
        return answer_error(BodyTooLarge(f"the body is larger than {limit} KiB", max_body_kib=limit))
    return answer_error(InvalidRequest(error.description or error.name))


def _handle_method(error: MethodNotAllowed) -> Response:
    allowed = ", ".join(sorted(error.valid_methods or ()))
    message = f"{request.method} is not possible at this address"
    return answer_error(NotAllowedHere(message, f"Possible are: {allowed}."), {"Allow": allowed})
