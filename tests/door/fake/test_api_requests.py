"""What the API refuses, and in which words: always code, message, remedy, details; never a 500."""

from __future__ import annotations

import io
from typing import Any

import pytest
from fake_service import FakeService
from flask.testing import FlaskClient

ADMIN = {"Authorization": "Bearer admin-token"}
FLUSH = "/api/v1/node/hv1/flush"
SHAPE = {"code", "message", "remedy", "details"}


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.data
    assert answer.mimetype == "application/json"
    body: dict[str, Any] = answer.json
    assert body.keys() == SHAPE
    assert body["code"] == code
    assert body["message"] and body["remedy"]
    assert "Traceback" not in answer.get_data(as_text=True)
    return body


@pytest.mark.parametrize(
    "body",
    [
        {"unknown": 1},
        {"dry_run": "false"},
        {"dry_run": 1},
        {"dry_run": None},
        {"parallel": "2"},
        {"parallel": 2.5},
        {"parallel": True},
        {"parallel": 0},
        {"parallel": 65},
        {"parallel": 10**30},
        {"on_blocked": "explode"},
        {"on_blocked": ["leave"]},
        {"reason": 3},
        {"reason": "x" * 1001},
        {"node": "hv2"},
        {"node": "hv1"},
    ],
)
def test_wrong_fields_are_refused_and_nothing_is_asked(
    http: FlaskClient, fake: FakeService, body: dict[str, Any]
) -> None:
    refused(http.post(FLUSH, json=body, headers=ADMIN), 400, "INVALID_REQUEST")
    assert fake.asked == []


def test_every_fault_is_named_at_once(http: FlaskClient) -> None:
    body = {"parallel": 0, "dry_run": "no", "colour": "red"}
    error = refused(http.post(FLUSH, json=body, headers=ADMIN), 400, "INVALID_REQUEST")
    assert error["details"]["faults"].keys() == {"parallel", "dry_run", "colour"}


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[]", b'"text"', b"3", b"null", b"NaN", b"\xff\xfe", b"[" * 5000, b'{"reason": "\\ud800"}', b" "],
)
def test_a_body_that_is_no_json_object_is_refused(http: FlaskClient, raw: bytes) -> None:
    answer = http.post(FLUSH, data=raw, content_type="application/json", headers=ADMIN)
    refused(answer, 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_content_type_is_refused(http: FlaskClient, fake: FakeService, kind: str) -> None:
    refused(
        http.post(FLUSH, data=b'{"dry_run": true}', content_type=kind, headers=ADMIN), 400, "INVALID_REQUEST"
    )
    assert fake.asked == []


def test_an_oversized_body_is_refused_in_our_words(http: FlaskClient) -> None:
    raw = b'{"xml": "' + b"x" * 600_000 + b'"}'
    answer = http.post("/api/v1/vm", data=raw, content_type="application/json", headers=ADMIN)
    refused(answer, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(("size", "status"), [(512 * 1024, 202), (512 * 1024 + 1, 413), (3_000_000, 413)])
def test_a_body_in_chunks_is_bounded_not_cut(http: FlaskClient, size: int, status: int) -> None:
    """As gunicorn hands it over: a stream without a length."""
    answer = http.post(
        FLUSH,
        input_stream=io.BytesIO(b"{}".ljust(size)),
        content_type="application/json",
        headers=ADMIN,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == status


def test_a_missing_field_is_named(http: FlaskClient) -> None:
    error = refused(http.post("/api/v1/vm", headers=ADMIN), 400, "INVALID_REQUEST")
    assert error["details"]["faults"] == {"xml": "is required"}


def test_dry_run_in_the_query_does_not_flush(http: FlaskClient, fake: FakeService) -> None:
    refused(http.post(f"{FLUSH}?dry_run=true", headers=ADMIN), 400, "INVALID_REQUEST")
    assert fake.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v1/node/",
        "/api/v1//node",
        "/api/v1/node/..%2F..%2Fetc",
        "/api/v1/node/%2e%2e",
        "/api/v1/node/a%20b",
        "/api/v1/node/a%00b",
        "/api/v1/node/%ff",
        "/api/v1/node/hv1%0a",
        "/api/v1/vm/%2e%2e/xml",
        "/api/v1/task/unknown",
        "/api/v1/task/unknown/log",
    ],
)
def test_names_and_addresses_that_do_not_exist(http: FlaskClient, path: str) -> None:
    refused(http.get(path, headers=ADMIN), 404, "NOT_FOUND")


@pytest.mark.parametrize("name", ["%2e%2e", "a%20b", "hv1%0a", "%ff", "-hv1", "x" * 80])
def test_a_change_of_what_cannot_be_a_name_is_refused(
    http: FlaskClient, fake: FakeService, name: str
) -> None:
    refused(http.post(f"/api/v1/node/{name}/flush", headers=ADMIN), 400, "INVALID_REQUEST")
    refused(http.delete(f"/api/v1/vm/{name}", headers=ADMIN), 400, "INVALID_REQUEST")
    assert fake.asked == []


def test_another_method_says_which_are_possible(http: FlaskClient) -> None:
    answer = http.put("/api/v1/node", headers=ADMIN)
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "query",
    ["nodes=hv1", "state=bogus", "limit=0", "limit=x", "offset=-1", "node=a%2Fb", "name=", "node=a&node=b"],
)
def test_wrong_filters_are_refused(http: FlaskClient, query: str) -> None:
    refused(http.get(f"/api/v1/vm?{query}", headers=ADMIN), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=nan", "wait=soon", "for=3"])
def test_a_wait_is_bounded(http: FlaskClient, query: str) -> None:
    job = http.post(FLUSH, headers=ADMIN).json["id"]
    refused(http.get(f"/api/v1/task/{job}?{query}", headers=ADMIN), 400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "path", ["/api/v1/node", "/api/v1/node/hv1", "/api/v1/status", "/api/v1/vm/web1/xml"]
)
def test_reads_know_no_other_parameters(http: FlaskClient, path: str) -> None:
    refused(http.get(f"{path}?verbose=1", headers=ADMIN), 400, "INVALID_REQUEST")


def test_an_unforeseen_error_keeps_its_secrets(http: FlaskClient, fake: FakeService) -> None:
    fake.boom = RuntimeError("the password is xyzzy")
    answer = http.post(FLUSH, headers=ADMIN)
    refused(answer, 500, "INTERNAL")
    assert "xyzzy" not in answer.get_data(as_text=True)
