"""One cluster, several API processes: whoever asks one that is away is answered by another."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cluster import DoorCluster
from flask import Flask, Response
from serving import pvc, serve

from pvc_api.app import create_app
from pvc_cli import connections
from pvc_cli.connections import Connection
from pvc_cli.follow import watch


@pytest.fixture
def two(cluster: DoorCluster) -> Iterator[tuple[ExitStack, str, str]]:
    """The first can be closed by itself."""
    app = create_app(cluster.config, cluster.service)
    with ExitStack() as first, serve(app) as second:
        yield first, first.enter_context(serve(app)), second


def nobody() -> str:
    """An address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_an_address_where_nobody_answers_is_passed_over(
    cluster: DoorCluster, two: tuple[ExitStack, str, str], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(cluster.token)
    words = ("--address", nobody(), "-a", f"{two[1]},{two[2]}", "--token-file", str(token))
    assert pvc("connection", "add", "test", *words).exit_code == 0
    (known,) = json.loads(pvc("connection", "list", "-f", "json").stdout)
    assert known["addresses"][1:] == [two[1], two[2]]
    assert pvc("node", "list").exit_code == 0
    cluster.define("vm1", "hv1")
    assert pvc("vm", "start", "vm1", "--wait").exit_code == 0
    assert [job.operation for job in cluster.service.jobs(operation="vm.start")] == ["vm.start"]


def test_who_waits_goes_on_with_another(
    cluster: DoorCluster, two: tuple[ExitStack, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *addresses = two
    connections.add("test", Connection(addresses[0], cluster.token, (addresses[1],)))
    cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 2.0

    def cut_off(job: str, timeout: float | None) -> object:
        """The task is accepted, and the API that accepted it is gone."""
        first.close()
        return watch(job, timeout)

    monkeypatch.setattr("pvc_cli.follow.watch", cut_off)
    done = pvc("vm", "migrate", "vm1", "--target", "hv2", "--wait")
    assert done.exit_code == 0 and "succeeded: vm1 runs on hv2" in done.stdout, done.output
    assert "trying again" not in done.output


def test_an_api_that_is_cut_off_from_its_store_is_passed_over_too(
    cluster: DoorCluster, two: tuple[ExitStack, str, str]
) -> None:
    away = Flask("away")
    body = {"code": "STORE_UNAVAILABLE", "message": "no quorum", "remedy": "", "details": {}}

    @away.route("/<path:path>")
    def answer(path: str) -> Response:
        return Response(json.dumps(body), 503, mimetype="application/json")

    with serve(away) as lost:
        connections.add("test", Connection(lost, cluster.token, (two[2],)))
        assert pvc("node", "list").exit_code == 0
        connections.add("lost", Connection(lost, cluster.token, (nobody(),)))
        refused = pvc("-c", "lost", "node", "list")
    assert refused.exit_code == 7 and "no quorum" in refused.stderr


def test_what_is_refused_is_asked_nowhere_else(cluster: DoorCluster, two: tuple[ExitStack, str, str]) -> None:
    connections.add("test", Connection(two[1], "wrong", (nobody(),)))
    assert pvc("node", "list").exit_code == 3


def test_when_all_are_away_each_is_named(cluster: DoorCluster) -> None:
    first, second = nobody(), nobody()
    connections.add("test", Connection(first, cluster.token, (second,)))
    done = pvc("node", "list")
    assert done.exit_code == 7 and first in done.stderr and second in done.stderr
