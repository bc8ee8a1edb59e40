"""The lab with the product in it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from lab_tool import eventually, leftovers
from real_cluster import RealCluster


def test_the_whole_product_answers_and_is_registered_with_the_cli(real: RealCluster) -> None:
    assert real.all_answer()
    nodes = json.loads(real.pvc("-c", "lab", "--format", "json", "node", "list").stdout)
    assert {node["name"]: node["alive"] for node in nodes} == {"hv1": True, "hv2": True, "hv3": True}
    assert Path(real.status()["admin_token_file"]).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["hv1/agent", "hv1/worker", "api"])
def test_a_killed_part_of_the_product_stays_down_until_it_is_started(real: RealCluster, name: str) -> None:
    real.do("kill", name)
    later = time.monotonic() + 2
    eventually("a verdict", lambda: real.part(name)["state"] != "down" or time.monotonic() > later)
    assert real.part(name)["state"] == "down"
    real.do("start", name)
    eventually("it answers", lambda: real.part(name)["answers"])


@pytest.mark.parametrize("part", ["agent", "worker"])
def test_what_died_by_itself_comes_back_by_itself(real: RealCluster, part: str) -> None:
    before = real.part(f"hv2/{part}")["pid"]
    os.kill(before, signal.SIGKILL)
    eventually("a new one", lambda: real.part(f"hv2/{part}")["pid"] not in (None, before))
    eventually("it answers", lambda: real.part(f"hv2/{part}")["answers"])
    eventually("it serves", lambda: real.node("hv2")["alive"] and real.node("hv2")["worker"])


def test_a_lab_that_was_kept_continues_with_the_same_cluster(real: RealCluster) -> None:
    real.define("kept")
    token = real.layout.admin_token.read_text()
    real.do("down", "--keep")
    assert leftovers(real.root) == []
    said = real.do("up")
    assert real.status()["swagger"] in said
    assert real.layout.admin_token.read_text() == token
    assert real.vm("kept")["spec"]["node"] == "hv1"
