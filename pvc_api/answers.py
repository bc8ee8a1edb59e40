"""Answers: validated records, dumped to JSON directly."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from pydantic import BaseModel

from pvc_core.errors import PvcError, Unauthorized
from pvc_core.model.job import Job

PREFIX = "/api/v1"


def answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; never kept by anything between us and the client, it may hold a token."""
    response = Response(body, status, headers, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def answer_record(record: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return answer(record.model_dump_json().encode(), status, headers)


def answer_job(job: Job, finished: bool) -> Response:
    """200 for a job that needs no following, else 202 and where to follow it."""
    if finished:
        return answer_record(job)
    return answer_record(job, 202, {"Location": f"{PREFIX}/task/{job.id}"})


def answer_error(error: PvcError, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = error.as_dict()
    if isinstance(error, Unauthorized):
        headers = {**(headers or {}), "WWW-Authenticate": "Bearer"}
    return answer(orjson.dumps(body, default=str), error.status, headers)
