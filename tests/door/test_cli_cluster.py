"""The command line on a whole cluster: CLI, API, engine and workers, in one process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cluster import DoorCluster, domain_xml
from serving import pvc, serve

from pvc_api.app import create_app
from pvc_cli import connections

pytestmark = pytest.mark.usefixtures("address")


def ask(*words: str) -> Any:
    shown = pvc("--format", "json", *words)
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.stdout)


def start(tmp_path: Path, name: str, *words: str) -> None:
    file = tmp_path / f"{name}.xml"
    file.write_text(domain_xml(name))
    ask("vm", "define", str(file), "--node", "hv1", *words)
    assert pvc("vm", "start", name, "--wait").exit_code == 0


def test_the_life_of_a_vm(tmp_path: Path) -> None:
    start(tmp_path, "web1")
    assert ask("vm", "info", "web1")["seen"] == "running"
    moved = pvc("vm", "migrate", "web1", "--target", "hv2", "--wait")
    assert moved.exit_code == 0, moved.output
    assert ask("vm", "info", "web1")["spec"]["previous_node"] == "hv1"
    assert "web1" in pvc("vm", "dump", "web1").output
    assert pvc("vm", "undefine", "web1", "--yes").exit_code == 5
    assert pvc("vm", "shutdown", "web1", "--yes", "--wait").exit_code == 0
    assert pvc("vm", "undefine", "web1", "--yes").exit_code == 0
    assert pvc("vm", "info", "web1").exit_code == 4


def test_flush_and_unflush(tmp_path: Path) -> None:
    for number in range(3):
        start(tmp_path, f"vm{number}")
    plan = pvc("node", "flush", "hv1", "--dry-run")
    assert plan.output.count("hv1 -> ") == 3
    flushed = pvc("node", "flush", "hv1", "--wait", "--reason", "kernel")
    assert flushed.exit_code == 0, flushed.output
    assert re.search(r"^succeeded: ", flushed.output, re.MULTILINE)
    assert ask("node", "info", "hv1")["state"] == "flushed"
    assert pvc("node", "flush", "hv1").exit_code == 5
    assert pvc("node", "unflush", "hv1", "--wait").exit_code == 0
    assert {vm["spec"]["node"] for vm in ask("vm", "list")} == {"hv1"}


def test_a_vm_that_may_run_nowhere_else_makes_it_partial(tmp_path: Path) -> None:
    start(tmp_path, "stuck", "--node-limit", "hv1")
    shown = pvc("node", "flush", "hv1", "--wait")
    assert shown.exit_code == 6, shown.output
    assert re.search(r"^left: stuck  [A-Z_]+  .+\n +remedy: ", shown.output, re.MULTILINE)


def test_a_flush_in_line_says_behind_whom(cluster: DoorCluster, tmp_path: Path) -> None:
    start(tmp_path, "vm1")
    cluster.fleet.migration_s = 1.0
    first = ask("node", "flush", "hv1")["id"]
    shown = pvc("node", "flush", "hv2", "--wait")
    assert shown.exit_code == 0, shown.output
    assert re.search(rf"^waiting .*{first}.*place 1 in line", shown.output, re.MULTILINE), shown.output


def test_cancelling_a_flush(cluster: DoorCluster, tmp_path: Path) -> None:
    start(tmp_path, "vm1")
    cluster.fleet.migration_s = 30.0
    job = ask("node", "flush", "hv1")["id"]
    cluster.await_true(lambda: bool(cluster.service.job(job).stage), "the flush begins")
    assert pvc("task", "cancel", job, "--reason", "wrong node").exit_code == 0
    shown = pvc("task", "wait", job, "--timeout", "20")
    assert shown.exit_code == 9, shown.output
    assert "wrong node" in pvc("task", "info", job).output
    assert pvc("task", "log", job).output.strip()


def test_a_task_is_ended_by_force_only_when_that_is_confirmed(cluster: DoorCluster, tmp_path: Path) -> None:
    start(tmp_path, "vm1")
    cluster.fleet.migration_s = 30.0
    job = ask("vm", "migrate", "vm1")["id"]
    cluster.await_true(lambda: bool(cluster.service.job(job).stage), "the migration begins")
    cluster.kill_worker("hv1")
    refused = pvc("task", "cancel", job, "--force")
    assert refused.exit_code == 2 and "--yes" in refused.stderr
    assert cluster.service.job(job).cancel is None
    assert pvc("task", "cancel", job, "--force", "--yes").exit_code == 0
    assert pvc("task", "wait", job, "--timeout", "20").exit_code == 9


def test_a_migration_shows_its_own_deadline(cluster: DoorCluster, tmp_path: Path) -> None:
    start(tmp_path, "vm1")
    cluster.fleet.migration_s = 30.0
    job = ask("vm", "migrate", "vm1", "--deadline", "600")["id"]
    cluster.await_true(lambda: cluster.service.job(job).stage == "copying", "the migration begins")
    shown = ask("task", "info", job)
    assert 0 < shown["deadline"] - shown["created"] < 700
    assert pvc("task", "cancel", job).exit_code in (0, 9)


def test_a_job_for_a_node_without_worker_says_so(cluster: DoorCluster, tmp_path: Path) -> None:
    file = tmp_path / "vm1.xml"
    file.write_text(domain_xml("vm1"))
    ask("vm", "define", str(file), "--node", "hv1")
    cluster.kill_worker("hv1")
    job = ask("vm", "start", "vm1")["id"]
    assert "hv1" in json.dumps(ask("task", "info", job)["waiting"])
    assert pvc("task", "wait", job, "--timeout", "0.3").exit_code == 10
    cluster.start_worker("hv1")
    assert pvc("task", "wait", job, "--timeout", "20").exit_code == 0


def test_waiting_survives_a_restart_of_the_api(cluster: DoorCluster, tmp_path: Path) -> None:
    start(tmp_path, "vm1")
    cluster.fleet.migration_s = 3.0
    app = create_app(cluster.config, cluster.service)
    with serve(app) as found:
        port = int(found.rpartition(":")[2])
        connections.add("second", connections.Connection(found, cluster.token))
        job = ask("-c", "second", "node", "flush", "hv1")["id"]
        words = [
            sys.executable,
            "-c",
            "from pvc_cli.main import main; main()",
            "-c",
            "second",
            "task",
            "wait",
            job,
        ]
        waiting = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
    time.sleep(1.5)
    with serve(app, port):
        out, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, out + err
    assert "the API does not answer, trying again" in err
    assert "succeeded: " in out


def test_ctrl_c_detaches(cluster: DoorCluster, tmp_path: Path) -> None:
    start(tmp_path, "vm1")
    cluster.fleet.migration_s = 2.0
    words = [
        sys.executable,
        "-c",
        "from pvc_cli.main import main; main()",
        "-c",
        "test",
        "node",
        "flush",
        "hv1",
    ]
    waiting = subprocess.Popen(
        [*words, "--wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a script have been told to ignore it, and would pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert waiting.stdout is not None
    while "waiting for vm1" not in (line := waiting.stdout.readline()):
        assert line, "it ended before it followed the migration"
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=20)
    assert waiting.returncode == 130
    job = ask("task", "list", "--operation", "node.flush")[0]["id"]
    assert f"come back:  pvc -c test task wait {job}" in err
    assert pvc("task", "wait", job).exit_code == 0


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("<domain", "XML"),
        ("<domain/>", "name"),
        ("<domain type='kvm'><name>x</name></domain>", "memory"),
        ("", ""),
    ],
)
def test_domain_xml_that_cannot_be_is_refused(tmp_path: Path, xml: str, words: str) -> None:
    (tmp_path / "x.xml").write_text(xml)
    shown = pvc("vm", "define", str(tmp_path / "x.xml"))
    assert shown.exit_code == 2
    assert words in shown.stderr
    assert ask("vm", "list") == []


def test_bad_input_changes_nothing(tmp_path: Path) -> None:
    start(tmp_path, "web1")
    (tmp_path / "web1.xml").write_text(domain_xml("web1"))
    before = len(ask("task", "list"))
    for words, code in [
        (("vm", "define", str(tmp_path / "web1.xml")), 5),
        (("node", "flush", "nowhere"), 4),
        (("vm", "start", "nothing"), 4),
        (("vm", "migrate", "web1", "--target", "hv1"), 5),
        (("vm", "migrate", "web1", "--target", "nowhere"), 4),
        (("task", "info", "20261121t101500-00000000"), 4),
    ]:
        shown = pvc(*words)
        assert shown.exit_code == code, (words, shown.output)
        assert "remedy: " in shown.stderr
    assert len(ask("task", "list")) == before


def test_init_is_accepted_once() -> None:
    assert pvc("cluster", "init").exit_code == 5


def test_status_and_lists(tmp_path: Path) -> None:
    start(tmp_path, "web1")
    assert pvc("status").output.startswith("test is ok")
    lines = pvc("vm", "list").output.splitlines()
    assert max(map(len, lines)) <= 80
    about = {job["operation"] for job in ask("task", "list", "--object", "vm:web1")}
    assert about == {"vm.define", "vm.start"}
