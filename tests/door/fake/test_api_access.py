"""Who may do what."""

from __future__ import annotations

import pytest
from fake_service import FakeService
from flask.testing import FlaskClient

ROUTES = [
    ("GET", "/node"),
    ("GET", "/node/hv1"),
    ("GET", "/vm"),
    ("GET", "/vm/web1"),
    ("GET", "/vm/web1/xml"),
    ("GET", "/task"),
    ("GET", "/task/x"),
    ("GET", "/task/x/log"),
    ("GET", "/status"),
    ("POST", "/task/x/cancel"),
    ("POST", "/cluster/init"),
    ("POST", "/node/hv1/flush"),
    ("POST", "/node/hv1/ready"),
    ("POST", "/node/hv1/unflush"),
    ("POST", "/vm"),
    ("POST", "/vm/web1/start"),
    ("DELETE", "/vm/web1"),
]
CHANGES = [route for route in ROUTES if route[0] != "GET"]


def as_(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {role}-token"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer admin",
        "Basic admin-token",
        "Bearer a b",
        "\xff",
    ],
)
def test_nothing_without_a_token(http: FlaskClient, method: str, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = http.open(f"/api/v1{path}", method=method, headers=headers)
    assert answer.status_code == 401
    assert answer.json["code"] == "UNAUTHORIZED"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_viewer_changes_nothing(http: FlaskClient, fake: FakeService, method: str, path: str) -> None:
    answer = http.open(f"/api/v1{path}", method=method, headers=as_("viewer"))
    assert (answer.status_code, answer.json["code"]) == (403, "FORBIDDEN")
    assert fake.asked == []


def test_a_viewer_reads(http: FlaskClient) -> None:
    assert http.get("/api/v1/node", headers=as_("viewer")).status_code == 200


def test_an_operator_does_not_initialise_the_cluster(http: FlaskClient) -> None:
    assert http.post("/api/v1/cluster/init", headers=as_("operator")).status_code == 403


def test_a_bare_token_is_taken_as_swagger_ui_sends_it(http: FlaskClient) -> None:
    assert http.get("/api/v1/node", headers={"Authorization": "viewer-token"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/doc", "/api/v1/swagger.json", "/api/v1/health", "/swaggerui/swagger-ui.css"]
)
def test_the_documentation_and_health_are_open(http: FlaskClient, path: str) -> None:
    assert http.get(path).status_code == 200


def test_health_names_the_store(http: FlaskClient, fake: FakeService) -> None:
    assert http.get("/api/v1/health").json["status"] == "ok"
    fake.store_up = False
    answer = http.get("/api/v1/health")
    assert (answer.status_code, answer.json["code"]) == (503, "STORE_UNAVAILABLE")
