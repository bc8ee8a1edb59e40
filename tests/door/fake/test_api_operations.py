"""Changes: accepted, done at once, planned; and following them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fake_service import FakeService, flush_frames, registered
from flask.testing import FlaskClient

from pvc_core.model.operations import FlushNode

ADMIN = {"Authorization": "Bearer admin-token"}
FLUSH = "/api/v1/node/hv1/flush"


def document(http: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/api/v1/swagger.json").json
    return found


def operations(http: FlaskClient) -> dict[str, dict[str, Any]]:
    paths = document(http)["paths"].values()
    return {one["operationId"]: one for path in paths for verb, one in path.items() if verb != "parameters"}


def test_the_document_is_valid_swagger(http: FlaskClient) -> None:
    from flask_restx.schemas import validate

    assert validate(document(http))


def test_operation_ids_are_stable_and_unique(http: FlaskClient) -> None:
    paths = document(http)["paths"].values()
    ids = [one["operationId"] for path in paths for verb, one in path.items() if verb != "parameters"]
    assert len(ids) == len(set(ids))
    assert {re.sub("[.-]", "_", name) for name in registered()} <= set(ids)


def test_each_reference_in_the_document_leads_somewhere(http: FlaskClient) -> None:
    found = document(http)
    text = http.get("/api/v1/swagger.json").get_data(as_text=True)
    for part in text.split('"#/definitions/')[1:]:
        assert part.partition('"')[0] in found["definitions"]


def test_an_operation_documents_its_path_body_and_key(http: FlaskClient) -> None:
    where = {parameter["name"]: parameter["in"] for parameter in operations(http)["node_flush"]["parameters"]}
    assert where == {"node": "path", "payload": "body", "Idempotency-Key": "header"}


def test_only_health_is_open_in_the_document(http: FlaskClient) -> None:
    assert [name for name, one in operations(http).items() if one.get("security") == []] == ["health"]


def test_an_accepted_job_says_where_to_follow_it(http: FlaskClient, fake: FakeService) -> None:
    answer = http.post(FLUSH, json={"reason": "new kernel", "parallel": 2}, headers=ADMIN)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/task/{answer.json['id']}"
    operation, who = fake.asked[0]
    assert operation.fields() == FlushNode(node="hv1", parallel=2).fields()
    assert (who.actor, who.reason, who.source) == ("the admin", "new kernel", "127.0.0.1")


def test_an_empty_body_needs_no_content_type(http: FlaskClient) -> None:
    assert http.post(FLUSH, headers=ADMIN).status_code == 202


def test_a_change_of_the_records_alone_is_done_at_once(http: FlaskClient) -> None:
    answer = http.post("/api/v1/vm", json={"xml": "<domain/>"}, headers=ADMIN)
    assert (answer.status_code, answer.json["state"]) == (200, "succeeded")
    assert http.delete("/api/v1/vm/web1", json={"reason": "old"}, headers=ADMIN).status_code == 200


def test_init_answers_with_the_token(http: FlaskClient) -> None:
    assert http.post("/api/v1/cluster/init", headers=ADMIN).json["result"]["token"] == "admin-token"


def test_dry_run_answers_with_the_plan(http: FlaskClient, fake: FakeService) -> None:
    answer = http.post(FLUSH, json={"dry_run": True}, headers=ADMIN)
    assert answer.status_code == 200
    assert answer.json["steps"][0]["reason"]
    assert fake.asked == []


def test_unflush_is_ready(http: FlaskClient, fake: FakeService) -> None:
    assert http.post("/api/v1/node/hv1/unflush", headers=ADMIN).json["operation"] == "node.ready"


def test_the_same_key_is_the_same_job(http: FlaskClient, fake: FakeService) -> None:
    headers = {**ADMIN, "Idempotency-Key": "abc"}
    ids = {http.post(FLUSH, headers=headers).json["id"] for _ in range(3)}
    assert len(ids) == 1
    assert len(fake.asked) == 1


@pytest.mark.parametrize("key", ["", "x" * 129, "a\tb", "ü"])
def test_a_key_is_bounded(http: FlaskClient, fake: FakeService, key: str) -> None:
    answer = http.post(FLUSH, headers={**ADMIN, "Idempotency-Key": key.encode().decode("latin-1")})
    assert answer.status_code == 400
    assert fake.asked == []


def test_a_long_poll_tells_what_to_call_seen(http: FlaskClient, fake: FakeService) -> None:
    job = http.post(FLUSH, headers=ADMIN).json["id"]
    first = http.get(f"/api/v1/task/{job}?wait=5", headers=ADMIN)
    etag = first.headers["ETag"]
    http.get(f"/api/v1/task/{job}", query_string={"wait": 5, "seen": etag}, headers=ADMIN)
    assert fake.waits == [(5, None), (5, etag.strip('"'))]


def test_waiters_leave_threads_for_others(http: FlaskClient, fake: FakeService) -> None:
    job = http.post(FLUSH, headers=ADMIN).json["id"]
    waiters = http.application.extensions["pvc"].waiters
    while waiters.acquire(blocking=False):
        pass
    http.get(f"/api/v1/task/{job}?wait=5", headers=ADMIN)
    assert fake.waits == [(0, None)]


def test_cancelling(http: FlaskClient) -> None:
    job = http.post(FLUSH, headers=ADMIN).json["id"]
    path = f"/api/v1/task/{job}/cancel"
    assert http.post(path, json={"force": "yes"}, headers=ADMIN).status_code == 400
    assert http.post(path, json={"reason": "wrong node"}, headers=ADMIN).json["state"] == "cancelled"
    assert http.post(path, headers=ADMIN).status_code == 409


def test_the_log_of_a_job(http: FlaskClient, fake: FakeService) -> None:
    job = http.post(FLUSH, headers=ADMIN).json["id"]
    fake.all_jobs[job] = flush_frames(fake.job(job))[1]
    log = http.get(f"/api/v1/task/{job}/log", headers=ADMIN).json
    assert [line["text"] for line in log["lines"]] == ["migrating web1 to hv2"]


def test_a_list_of_jobs_is_light(http: FlaskClient) -> None:
    http.post(FLUSH, headers=ADMIN)
    listed = http.get("/api/v1/task?operation=node.flush", headers=ADMIN).json
    assert not listed[0].keys() & {"log", "notes"}


def test_pages_of_vms(http: FlaskClient) -> None:
    answer = http.get("/api/v1/vm?name=web*&limit=1&offset=1", headers=ADMIN)
    assert (answer.json, answer.headers["X-Total-Count"]) == ([], "1")


def test_xml_is_utf8(http: FlaskClient) -> None:
    answer = http.get("/api/v1/vm/web1/xml", headers=ADMIN)
    assert "naïve" in answer.data.decode()
    assert answer.content_type == "application/xml; charset=utf-8"


def test_answers_are_not_kept_on_the_way(http: FlaskClient) -> None:
    assert http.get("/api/v1/node", headers=ADMIN).headers["Cache-Control"] == "no-store"
