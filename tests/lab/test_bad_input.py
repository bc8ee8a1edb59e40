"""Bad input through the real API: each a clear error, never a 500, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lab_tool import eventually
from real_cluster import RealCluster

XML = "<domain type='qemu'><name>{name}</name>{rest}<os><type>hvm</type></os></domain>"
MEMORY = "<memory unit='MiB'>64</memory>"
UUID = "4dea24b3-1d52-d8f3-2516-782e98a23fa0"
NEW = XML.format(name="new", rest=MEMORY)


def vm(xml: str, **fields: Any) -> dict[str, Any]:
    return {"json": {"xml": xml, **fields}}


REFUSED: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "malformed xml": ("POST", "/vm", vm("<domain><name>x"), 400),
    "no xml at all": ("POST", "/vm", {"json": {}}, 400),
    "xml of something else": ("POST", "/vm", vm("<network><name>x</name></network>"), 400),
    "xml without name": ("POST", "/vm", vm(f"<domain type='qemu'>{MEMORY}</domain>"), 400),
    "xml without memory": ("POST", "/vm", vm(XML.format(name="new", rest="")), 400),
    "memory that is no number": ("POST", "/vm", vm(XML.format(name="n", rest="<memory>lots</memory>")), 400),
    "uuid that is none": ("POST", "/vm", vm(XML.format(name="n", rest=f"<uuid>7</uuid>{MEMORY}")), 400),
    "xml bomb": ("POST", "/vm", vm(f"<!DOCTYPE d [<!ENTITY a 'b'>]>{NEW}".replace("new", "&a;")), 400),
    "name with path": ("POST", "/vm", vm(XML.format(name="../etc", rest=MEMORY)), 400),
    "duplicate name": ("POST", "/vm", vm(XML.format(name="known", rest=MEMORY)), 409),
    "duplicate uuid": ("POST", "/vm", vm(XML.format(name="new", rest=f"<uuid>{UUID}</uuid>{MEMORY}")), 409),
    "unknown node": ("POST", "/vm", vm(NEW, node="hv9"), 404),
    "unknown field": ("POST", "/vm", vm(NEW, colour="red"), 400),
    "false as a string": ("POST", "/vm", vm(NEW, autorestart="false"), 400),
    "tag with a slash": ("POST", "/vm", vm(NEW, tags=[{"name": "a/b"}]), 400),
    "the same tag twice": ("POST", "/vm", vm(NEW, tags=[{"name": "a"}, {"name": "a"}]), 400),
    "unknown field of a tag": ("POST", "/vm", vm(NEW, tags=[{"name": "a", "colour": "red"}]), 400),
    "metadata with false as a string": ("POST", "/vm/known", {"json": {"autorestart": "false"}}, 400),
    "metadata that is unknown": ("POST", "/vm/known", {"json": {"colour": "red"}}, 400),
    "metadata out of bounds": ("POST", "/vm/known", {"json": {"max_downtime_ms": 0}}, 400),
    "metadata of two lines": ("POST", "/vm/known", {"json": {"description": "a\nb"}}, 400),
    "metadata with null": ("POST", "/vm/known", {"json": {"console_lines": None}}, 400),
    "no metadata at all": ("POST", "/vm/known", {"json": {}}, 400),
    "reset of what is given": (
        "POST",
        "/vm/known",
        {"json": {"autorestart": True, "reset": ["autorestart"]}},
        400,
    ),
    "limit to an unknown node": ("POST", "/vm/known", {"json": {"node_limit": ["hv1", "hv9"]}}, 404),
    "metadata of an unknown vm": ("POST", "/vm/nobody", {"json": {"autorestart": True}}, 404),
    "tag that cannot be": ("POST", "/vm/known/tag", {"json": {"tag": "a b"}}, 400),
    "removal of a tag it has not": ("DELETE", "/vm/known/tag/nosuch", {}, 404),
    "tag filter given twice": ("GET", "/vm?tag=a&tag=b", {}, 400),
    "negation that is no boolean": ("GET", "/vm?negate=maybe", {}, 400),
    "number for xml": ("POST", "/vm", {"json": {"xml": 7}}, 400),
    "oversized xml": ("POST", "/vm", vm(NEW + " " * 300_000), 400),
    "oversized body": ("POST", "/vm", {"data": b'{"xml": "' + b"x" * 3_000_000 + b'"}'}, 413),
    "body that is no json": ("POST", "/vm", {"data": b"{"}, 400),
    "start of an unknown vm": ("POST", "/vm/nobody/start", {"json": {}}, 404),
    "undefine of an unknown vm": ("DELETE", "/vm/nobody", {}, 404),
    "migrate of a stopped vm": ("POST", "/vm/known/migrate", {"json": {"target": "hv2"}}, 409),
    "migrate to its own node": ("POST", "/vm/runs/migrate", {"json": {"target": "hv1"}}, 409),
    "migrate to an unknown node": ("POST", "/vm/runs/migrate", {"json": {"target": "hv9"}}, 404),
    "migrate to a path": ("POST", "/vm/runs/migrate", {"json": {"target": "../hv2"}}, 400),
    "undefine of a running vm": ("DELETE", "/vm/runs", {}, 409),
    "flush of an unknown node": ("POST", "/node/hv9/flush", {"json": {}}, 404),
    "flush of a path": ("POST", "/node/..%2Fhv1/flush", {"json": {}}, 404),
    "flush with a wrong type": ("POST", "/node/hv1/flush", {"json": {"parallel": "4"}}, 400),
    "flush out of bounds": ("POST", "/node/hv1/flush", {"json": {"parallel": 0}}, 400),
    "ready of a ready node": ("POST", "/node/hv2/ready", {"json": {}}, 409),
    "unknown task": ("GET", "/task/20261121t101500-0f3k9d2a", {}, 404),
    "cancel of an unknown task": ("POST", "/task/nothing/cancel", {"json": {}}, 404),
    "second init": ("POST", "/cluster/init", {"json": {}}, 409),
    "wrong token": ("GET", "/vm", {"headers": {"Authorization": "Bearer wrong"}}, 401),
    "part of a token": ("GET", "/vm", {"headers": {"Authorization": "Bearer pvc_"}}, 401),
    "empty token": ("POST", "/node/hv1/flush", {"headers": {"Authorization": "Bearer "}}, 401),
    "no token": ("GET", "/task", {"headers": {"Authorization": None}}, 401),
}


@pytest.fixture(scope="module")
def peopled(running: RealCluster) -> Iterator[RealCluster]:
    """A cluster with a stopped VM `known` and a running one `runs`, the same for all of this file."""
    running.reset()
    running.submit("/vm", xml=XML.format(name="known", rest=f"<uuid>{UUID}</uuid>{MEMORY}"), node="hv1")
    running.submit("/vm", xml=XML.format(name="runs", rest=MEMORY), node="hv1")
    running.succeeds(running.submit("/vm/runs/start"))
    yield running


def everything(real: RealCluster) -> object:
    """All that bad input could have changed."""
    vms = [found["spec"] for found in real.get("/vm")]
    nodes = [(node["name"], node["state"], node["state_since"]) for node in real.get("/node")]
    jobs = [job["id"] for job in real.get("/task?limit=1000")]
    return vms, nodes, jobs, real.domains("hv1")


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_and_changes_nothing(peopled: RealCluster, case: str) -> None:
    method, path, settings, status = REFUSED[case]
    if "data" in settings:
        settings = {**settings, "headers": {"Content-Type": "application/json"}}
    before = everything(peopled)
    assert_refused(peopled.ask(method, path, **settings), status)
    assert everything(peopled) == before


def assert_refused(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()
    assert error["code"] and error["message"] and error["remedy"], error
    assert "Traceback" not in answer.text


def test_a_missing_uuid_is_given_one(real: RealCluster) -> None:
    real.submit("/vm", xml=NEW)
    uuid = real.vm("new")["spec"]["uuid"]
    assert f"<uuid>{uuid}</uuid>" in real.ask("GET", "/vm/new/xml").text


def test_a_flushed_node_is_not_flushed_again(real: RealCluster) -> None:
    real.succeeds(real.submit("/node/hv3/flush"))
    assert_refused(real.ask("POST", "/node/hv3/flush", json={}), 409)
    assert real.pvc("node", "flush", "hv3", "--wait").returncode == 5


def test_a_dead_node_is_not_flushed(real: RealCluster) -> None:
    real.do("power", "off", "hv3")
    eventually("hv3 is dead", lambda: not real.node("hv3")["alive"])
    assert_refused(real.ask("POST", "/node/hv3/flush", json={}), 409)
    assert real.node("hv3")["state"] == "ready"
