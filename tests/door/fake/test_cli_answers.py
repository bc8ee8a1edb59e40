"""CLI to API to service: what is asked, what is shown, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from fake_service import FakeService, failed, flush_frames, node
from flask.testing import FlaskClient

from pvc_cli import connections
from pvc_cli.main import main
from pvc_core.errors import NoPlacement, StoreUnavailable, WrongState
from pvc_core.model.operations import DefineVm

Run = Callable[..., Result]


def test_the_list_of_nodes(pvc: Run) -> None:
    lines = pvc("node", "list").output.splitlines()
    assert lines[0].split() == ["NODE", "STATE", "HEALTH", "VMS", "VCPUS", "FREE", "MEMORY", "REPORTED"]
    assert lines[1].split()[:5] == ["hv1", "ready", "ok", "1/1", "4/16"]
    assert lines[2].split()[:3] == ["hv2", "flushed", "dead"]
    assert max(map(len, lines)) <= 80


def test_nodes_are_found_by_all_of_the_filters(pvc: Run, fake: FakeService) -> None:
    fake.all_nodes += [node("hv3", worker=False, coordinator=False), node("other")]

    def found(*words: str) -> list[str]:
        shown = pvc("node", "list", *words, "-f", "json")
        assert shown.exit_code == 0, shown.output
        return [one["name"] for one in json.loads(shown.stdout)]

    assert found("hv*") == ["hv1", "hv2", "hv3"]
    assert found("-ds", "run") == ["hv1", "other"]
    assert found("hv?", "-ds", "run") == ["hv1"]
    assert found("-cs", "hypervisor") == ["hv3"] == found("--daemon-state", "no-worker")
    assert found("-vs", "flushed", "--daemon-state", "dead") == ["hv2"]
    assert found("-vs", "flushed", "--daemon-state", "run") == []
    assert pvc("node", "list", "x*").output == "no node matches\n"
    assert pvc("node", "list", "-vs", "flush").exit_code == 2


@pytest.mark.parametrize("query", ["daemon_state=up", "domain_state=", "state=ready", "name="])
def test_a_filter_of_nodes_that_cannot_be_is_refused(http: FlaskClient, query: str) -> None:
    answer = http.get(f"/api/v1/node?{query}", headers={"Authorization": "Bearer viewer-token"})
    assert answer.status_code == 400 and answer.json["remedy"]


@pytest.mark.parametrize(
    "words", [("--format", "json", "node", "list"), ("node", "list", "--format", "json")]
)
def test_the_format_may_stand_anywhere(pvc: Run, words: tuple[str, ...]) -> None:
    assert [node["name"] for node in json.loads(pvc(*words).stdout)] == ["hv1", "hv2"]


def test_yaml(pvc: Run) -> None:
    assert yaml.safe_load(pvc("vm", "info", "web1", "--format", "yaml").stdout)["spec"]["name"] == "web1"


@pytest.mark.parametrize(
    "words",
    [
        ("node", "info", "hv1"),
        ("vm", "list", "web*", "--node", "hv1", "--state", "running"),
        ("vm", "info", "web1"),
        ("status",),
        ("task", "list", "--state", "unfinished"),
        ("connection", "list"),
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_every_read_in_every_format(pvc: Run, words: tuple[str, ...], form: str) -> None:
    shown = pvc(*words, "--format", form)
    assert shown.exit_code == 0, shown.output
    assert shown.output


def test_status_has_its_faults_first(pvc: Run) -> None:
    lines = pvc("status").output.splitlines()
    assert lines[0] == "test is degraded"
    assert lines[1:3] == ["  NODE_DEAD  node:hv2: hv2 is silent", "    remedy: Look at hv2."]


def test_dump_prints_the_xml_as_it_is(pvc: Run) -> None:
    assert pvc("vm", "dump", "web1").output == "<domain><name>web1</name><title>naïve</title></domain>\n"


@pytest.mark.parametrize("verb", ["ready", "unflush"])
def test_ready_and_its_alias(pvc: Run, fake: FakeService, verb: str) -> None:
    shown = pvc("node", verb, "hv1", "--reason", "done")
    assert shown.exit_code == 0
    assert "accepted as task" in shown.output
    assert f"pvc task wait {next(iter(fake.all_jobs))}" in shown.output
    assert (fake.asked[0][0].name, fake.asked[0][1].reason) == ("node.ready", "done")


def test_define_from_a_file_and_from_stdin(pvc: Run, fake: FakeService, tmp_path: Path) -> None:
    file = tmp_path / "web1.xml"
    file.write_text("<domain>ü</domain>")
    limits = ("--node-limit", "hv1", "--node-limit", "hv2", "--autorestart", "--node-selector", "vms")
    assert pvc("vm", "define", str(file), *limits).exit_code == 0
    assert pvc("vm", "define", "-", input="<domain>-</domain>").exit_code == 0
    chosen = {"node_limit": ("hv1", "hv2"), "autorestart": True, "node_selector": "vms"}
    assert [operation for operation, _ in fake.asked] == [
        DefineVm.parse({"xml": "<domain>ü</domain>", **chosen}),
        DefineVm.parse({"xml": "<domain>-</domain>"}),
    ]


def test_only_what_was_given_is_sent(pvc: Run, fake: FakeService) -> None:
    pvc("node", "flush", "hv1")
    assert fake.asked[0][0].model_fields_set == {"node"}


def test_files_that_cannot_be_read(pvc: Run, fake: FakeService, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    for file in (tmp_path / "missing", tmp_path / "binary", tmp_path):
        shown = pvc("vm", "define", str(file))
        assert (shown.exit_code, shown.stderr[:6]) == (2, "error:")
    assert fake.asked == []


def test_a_plan(pvc: Run, fake: FakeService) -> None:
    shown = pvc("node", "flush", "hv1", "--dry-run", "--wait")
    assert "move  web1  hv1 -> hv2  most memory left" in shown.output
    assert "left: db1  NODE_LIMIT" in shown.output
    assert "nothing was changed" in shown.output
    assert fake.asked == []


def test_destructive_needs_a_yes(pvc: Run, fake: FakeService) -> None:
    shown = pvc("vm", "stop", "web1")
    assert shown.exit_code == 2
    assert "remedy: Repeat with --yes." in shown.stderr
    assert fake.asked == []
    assert pvc("vm", "stop", "web1", "--yes").exit_code == 0
    assert pvc("vm", "undefine", "web1", "-y").exit_code == 0


def test_waiting_tells_the_lock_the_progress_and_each_vm_left(pvc: Run, fake: FakeService) -> None:
    job = fake.frames_for_next(flush_frames)
    shown = pvc("node", "flush", "hv1", "--wait")
    assert shown.exit_code == 6
    assert shown.output.splitlines() == [
        f"node.flush hv1: accepted as task {job}",
        "waiting    lock flush is held by 20261121t101400-00000009 (node.flush hv3) (place 1 in line)",
        "running    1/2 VMs  120 MiB/s  ETA 12 s  1 of 2 VMs moved",
        "partial: 1 of 2 VMs left hv1 (3 s)",
        "left: db1  NODE_LIMIT  it may run on hv1 alone",
        "      remedy: Relax it.",
    ]


def test_waiting_in_json_prints_the_end_alone(pvc: Run, fake: FakeService) -> None:
    fake.frames_for_next(flush_frames)
    shown = pvc("--format", "json", "node", "flush", "hv1", "--wait")
    assert (json.loads(shown.stdout)["state"], shown.exit_code) == ("partial", 6)


def test_a_failed_job(pvc: Run, fake: FakeService) -> None:
    fake.frames_for_next(lambda job: [failed(job)])
    shown = pvc("vm", "start", "web1", "--wait")
    assert shown.exit_code == 8
    assert shown.stderr == "error: libvirt said no\nremedy: Read its log.\n"


def test_time_out_and_coming_back(pvc: Run) -> None:
    shown = pvc("vm", "start", "web1", "--wait", "--timeout", "0.05")
    assert shown.exit_code == 10
    assert "pvc task wait" in shown.stderr


def test_tasks(pvc: Run, fake: FakeService) -> None:
    pvc("node", "flush", "hv1")
    job = next(iter(fake.all_jobs))
    assert job in pvc("task", "list").output
    assert "node=hv1" in pvc("task", "info", job).output
    assert pvc("task", "log", job).exit_code == 0
    assert pvc("task", "cancel", job, "--reason", "no").output.startswith(
        "cancelled: cancelled before it began"
    )
    assert pvc("task", "wait", job).exit_code == 9
    assert pvc("task", "cancel", job).exit_code == 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("node", "info", "nowhere"), 4),
        (("node", "info", ".."), 2),
        (("vm", "info", "a/b"), 2),
        (("vm", "info", ""), 2),
        (("task", "info", "unknown"), 4),
        (("vm", "list", "--state", "bogus"), 2),
        (("vm", "start", "a b"), 2),
        (("vm", "migrate", "web1", "--target"), 2),
        (("vm", "info", "\udcff"), 4),
        (("vm", "start", "\udcff"), 2),
        (("vm", "rename", "web1", "\udcff"), 2),
        (("vm", "list", "--node", "\udcff"), 2),
        (("node", "flush", "hv1", "--parallel", "99"), 2),
        (("-c", "elsewhere", "node", "list"), 4),
    ],
)
def test_errors_have_a_sentence_and_a_remedy(pvc: Run, words: tuple[str, ...], code: int) -> None:
    shown = pvc(*words)
    assert shown.exit_code == code, shown.output
    assert shown.stdout == ""
    assert [line.partition(":")[0] for line in shown.stderr.splitlines()] == ["error", "remedy"]
    as_json = pvc("--format", "json", *words)
    assert json.loads(as_json.stderr).keys() == {"code", "message", "remedy", "details"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WrongState("it is stopped", "Start it."), 5),
        (NoPlacement("no room"), 6),
        (StoreUnavailable("away"), 7),
    ],
)
def test_refusals_of_the_service(pvc: Run, fake: FakeService, error: Exception, code: int) -> None:
    fake.boom = error
    assert pvc("vm", "migrate", "web1").exit_code == code


def test_an_unforeseen_error_is_said_without_a_traceback(pvc: Run, fake: FakeService) -> None:
    fake.boom = RuntimeError("boom")
    shown = pvc("vm", "start", "web1")
    assert shown.exit_code == 8
    assert "Traceback" not in shown.output


def test_init_keeps_the_token(pvc: Run, address: str) -> None:
    shown = pvc("--format", "json", "cluster", "init")
    assert json.loads(shown.stdout) == {"cluster": "test", "token": "admin-token"}
    assert connections.load()["test"].token == "admin-token"


def test_a_wrong_token_is_not_allowed(address: str, home: Path) -> None:
    connections.add("bad", connections.Connection(address, "wrong"))
    assert CliRunner().invoke(main, ["node", "list"]).exit_code == 3


def test_nobody_there(home: Path) -> None:
    connections.add("away", connections.Connection("http://127.0.0.1:1", "x"))
    shown = CliRunner().invoke(main, ["node", "list"])
    assert shown.exit_code == 7
    assert shown.stderr.startswith("error: http://127.0.0.1:1 does not answer (Connection refused)")


def test_connections_come_and_go(home: Path) -> None:
    add = ["connection", "add", "lab", "--address", "http://127.0.0.1:7370"]
    assert CliRunner().invoke(main, [*add, "--token-stdin"], input="sesame\n").exit_code == 0
    assert CliRunner().invoke(main, [*add, "--token-stdin"], input="sesame\n").exit_code == 5
    shown = CliRunner().invoke(main, ["connection", "list"]).output
    assert "lab" in shown
    assert "sesame" not in shown
    assert CliRunner().invoke(main, ["connection", "remove", "lab"]).exit_code == 2
    assert CliRunner().invoke(main, ["connection", "remove", "lab", "--yes"]).exit_code == 0
    assert CliRunner().invoke(main, ["connection", "remove", "lab"]).exit_code == 4


@pytest.mark.parametrize("token", ["", "  \n", "two words", "ü"])
def test_what_is_no_token(home: Path, token: str) -> None:
    words = ["connection", "add", "lab", "--address", "http://h", "--token-stdin"]
    assert CliRunner().invoke(main, words, input=token).exit_code == 2


def test_without_a_terminal_no_token_is_asked_for(home: Path) -> None:
    assert CliRunner().invoke(main, ["connection", "add", "lab", "--address", "http://h"]).exit_code == 2


def test_the_environment_picks_the_connection(pvc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    connections.add("other", connections.Connection("http://127.0.0.1:1", "x"))
    monkeypatch.setenv("PVC_CONNECTION", "test")
    assert pvc("node", "list").exit_code == 0
    assert pvc("-c", "other", "node", "list").exit_code == 7
    assert pvc("node", "list", "-c", "other").exit_code == 7
