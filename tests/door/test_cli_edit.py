"""`pvc vm modify`, `rename`, `dump` and the nouns of a VM's hardware, as a user meets them."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import DoorCluster, domain_xml
from serving import connected, pvc

from pvc_core.model.operations import ModifyVm


@pytest.fixture(autouse=True)
def address(cluster: DoorCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("VISUAL", raising=False)
    with connected(cluster) as found:
        yield found


@pytest.fixture(autouse=True)
def vm(cluster: DoorCluster) -> str:
    return cluster.define("web1", "hv1")


def edit_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """An editor that is a program: `file` is what it was opened on."""
    program = tmp_path / "editor"
    program.write_text(f"#!/bin/sh\nset -e\nfile=$1\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(program))


def kept(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.glob("pvc-web1-*.xml"))


MEMORY = "sed -i 's/>128</>256</' \"$file\""


def test_an_edit_shows_its_difference_and_is_saved(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edit_with(monkeypatch, tmp_path, MEMORY)
    done = pvc("vm", "modify", "web1", "--yes", color=True)
    assert (done.exit_code, done.stdout.strip()) == (0, "web1 is redefined")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)
    assert "--- web1, as it is" in plain and ">128<" in plain and ">256<" in plain
    assert "\x1b[31m-" in done.stderr and "\x1b[32m+" in done.stderr
    assert cluster.service.vm("web1").spec.memory_mib == 256
    assert kept(tmp_path) == []


def test_an_edit_that_changes_nothing_saves_nothing(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edit_with(monkeypatch, tmp_path, "true")
    jobs = len(cluster.service.jobs())
    done = pvc("vm", "modify", "web1")
    assert (done.exit_code, done.stderr.strip()) == (0, "web1: nothing changed")
    assert (len(cluster.service.jobs()), kept(tmp_path)) == (jobs, [])


def test_a_conflict_keeps_the_users_text_and_shows_what_others_did(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    waiting = tmp_path / "opened"
    edit_with(monkeypatch, tmp_path, f"{MEMORY}\ntouch {waiting}")
    original = cluster.service.vm_xml

    def slipped_in(reference: str) -> str:
        """Somebody else saves once the XML was handed out."""
        xml = original(reference)
        monkeypatch.setattr(cluster.service, "vm_xml", original)
        cluster.submit(ModifyVm(vm="web1", xml=domain_xml("web1", 128, vcpus=3)))
        return xml

    monkeypatch.setattr(cluster.service, "vm_xml", slipped_in)
    done = pvc("vm", "modify", "web1", "--yes")
    assert done.exit_code == 5, done.output
    assert waiting.exists() and "web1, as it is now" in done.stderr and "<vcpu>3</vcpu>" in done.stderr
    (file,) = kept(tmp_path)
    assert str(file) in done.stderr and ">256<" in file.read_text()
    assert cluster.service.vm("web1").spec.memory_mib == 128
    again = pvc("vm", "modify", "web1", str(file), "--yes")
    assert (again.exit_code, cluster.service.vm("web1").spec.memory_mib) == (0, 256)


def test_what_is_refused_is_kept_for_another_try(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    edit_with(monkeypatch, tmp_path, "echo '<domain' > \"$file\"")
    done = pvc("vm", "modify", "web1", "--yes")
    (file,) = kept(tmp_path)
    assert done.exit_code == 2 and "not well-formed" in done.stderr and str(file) in done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_terminal_nothing_is_assumed(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edit_with(monkeypatch, tmp_path, MEMORY)
    done = pvc("vm", "modify", "web1")
    assert done.exit_code == 2 and "--yes" in done.stderr
    assert cluster.service.vm("web1").spec.memory_mib == 128 and len(kept(tmp_path)) == 1


@pytest.mark.parametrize("script", ["exit 3", None])
def test_an_editor_that_fails_changes_nothing(
    cluster: DoorCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None
) -> None:
    monkeypatch.setenv("EDITOR", "/nonexistent/editor")
    if script is not None:
        edit_with(monkeypatch, tmp_path, script)
    done = pvc("vm", "modify", "web1", "--yes")
    assert done.exit_code == 2 and "editor" in done.stderr
    assert cluster.service.vm("web1").spec.memory_mib == 128 and kept(tmp_path) == []


@pytest.mark.parametrize(("command", "words"), [("vi '", "no command"), (" ", "no terminal")])
def test_an_editor_that_is_no_command_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, words: str
) -> None:
    monkeypatch.setenv("EDITOR", command)
    done = pvc("vm", "modify", "web1", "--yes")
    assert (done.exit_code, kept(tmp_path)) == (2, []), done.stderr
    assert words in done.stderr and "unforeseen" not in done.stderr


def test_what_was_written_before_an_editor_failed_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edit_with(monkeypatch, tmp_path, f"{MEMORY}\nexit 3")
    done = pvc("vm", "modify", "web1", "--yes")
    (file,) = kept(tmp_path)
    assert done.exit_code == 2 and f"Your text is in {file}" in done.stderr and ">256<" in file.read_text()


def test_no_editor_is_opened_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    done = pvc("vm", "modify", "web1", "--yes")
    assert done.exit_code == 2 and "Give a FILE" in done.stderr and kept(tmp_path) == []


def test_a_modified_vm_is_restarted_if_it_runs(cluster: DoorCluster, tmp_path: Path) -> None:
    file = tmp_path / "new.xml"
    file.write_text(domain_xml("web1", 256))
    assert "nothing to restart" in pvc("vm", "modify", "web1", str(file), "--yes", "--restart").stderr
    assert pvc("vm", "start", "web1", "--wait").exit_code == 0
    file.write_text(domain_xml("web1", 512))
    done = pvc("vm", "modify", "web1", str(file), "--yes", "--restart")
    assert done.exit_code == 0 and "vm.restart web1: accepted as task" in done.stdout, done.output
    job = re.findall(r"task wait (\S+)", done.stdout)[0]
    assert pvc("task", "wait", job).exit_code == 0
    assert cluster.fleet.node("hv1").domains()[0].memory_mib == 512


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_cli.restarting.at_terminal", lambda: True)


def memory(cluster: DoorCluster) -> int:
    """What libvirt's domain has."""
    return cluster.fleet.node("hv1").domains()[0].memory_mib


@pytest.mark.parametrize(("said", "has"), [("n\n", 128), ("y\n", 512)])
def test_a_restart_is_offered_for_what_counts_from_the_next_start(
    cluster: DoorCluster, tmp_path: Path, at_terminal: None, said: str, has: int
) -> None:
    assert pvc("vm", "start", "web1", "--wait").exit_code == 0
    done = pvc("vm", "memory", "set", "web1", "512", input=said)
    assert done.exit_code == 0 and "restart it now? [y/N]" in done.stderr, done.output
    if has == 512:
        job = re.findall(r"task wait (\S+)", done.stdout)[0]
        assert pvc("task", "wait", job).exit_code == 0
    else:
        assert "pvc vm restart web1" in done.stderr
    assert memory(cluster) == has


def test_no_restart_is_offered_where_none_is_needed_or_nobody_is_there(
    cluster: DoorCluster, at_terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "restart" not in pvc("vm", "memory", "set", "web1", "256").output
    assert pvc("vm", "start", "web1", "--wait").exit_code == 0
    assert "restart it now" not in pvc("vm", "memory", "set", "web1", "512", "--yes").stderr
    monkeypatch.setattr("pvc_cli.restarting.at_terminal", lambda: False)
    done = pvc("vm", "memory", "set", "web1", "1024", "--wait")
    assert done.exit_code == 0 and "restart it now" not in done.stderr
    assert "accepted as task" in pvc("vm", "vcpu", "set", "web1", "2").stdout
    assert memory(cluster) == 256


def test_a_change_is_followed_by_the_restart_that_it_needs(cluster: DoorCluster) -> None:
    assert pvc("vm", "start", "web1", "--wait").exit_code == 0
    refused = pvc("vm", "memory", "set", "web1", "512", "--restart")
    assert refused.exit_code == 2 and "--yes" in refused.stderr
    assert cluster.service.vm("web1").spec.memory_mib == 128
    done = pvc("vm", "memory", "set", "web1", "512", "-r", "-y", "--wait")
    assert done.exit_code == 0 and "vm.restart web1: accepted" in done.stdout, done.output
    assert memory(cluster) == 512


def test_each_question_of_an_edit_can_be_answered_beforehand(cluster: DoorCluster, tmp_path: Path) -> None:
    file = tmp_path / "new.xml"
    file.write_text(domain_xml("web1", 256))
    assert pvc("vm", "start", "web1", "--wait").exit_code == 0
    assert pvc("vm", "modify", "web1", str(file), "-e").exit_code == 2
    assert pvc("vm", "modify", "web1", str(file), "-d", "-r").exit_code == 2
    assert cluster.service.vm("web1").spec.memory_mib == 128
    done = pvc("vm", "modify", "web1", str(file), "-d")
    assert done.exit_code == 0 and "restart" not in done.output.replace("next start", "")
    file.write_text(domain_xml("web1", 512))
    done = pvc("vm", "modify", "web1", str(file), "--confirm-diff", "--confirm-restart")
    assert done.exit_code == 0 and "vm.restart web1: accepted as task" in done.stdout, done.output


def test_a_dump_tells_the_version_that_an_edit_may_ask_for(cluster: DoorCluster, tmp_path: Path) -> None:
    dump = json.loads(pvc("vm", "dump", "web1", "--format", "json").stdout)
    file = tmp_path / "new.xml"
    file.write_text(dump["xml"].replace(">128<", ">256<"))
    cluster.submit(ModifyVm(vm="web1", xml=domain_xml("web1", 128, vcpus=3)))
    stale = ("vm", "modify", "web1", str(file), "--yes", "--version", dump["version"])
    assert pvc(*stale).exit_code == 5
    now = pvc("vm", "dump", "web1", "-f", str(file)).stderr.split()[-1]
    file.write_text(file.read_text().replace(">128<", ">256<"))
    assert pvc("vm", "modify", "web1", str(file), "--yes", "--version", now).exit_code == 0


def test_a_dump_goes_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "web1.xml"
    done = pvc("vm", "dump", "web1", "--file", str(file))
    assert (done.exit_code, done.stdout) == (0, "")
    assert file.read_text() == pvc("vm", "dump", "web1").stdout.rstrip("\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert pvc("vm", "dump", "web1", "--file", str(tmp_path / "no" / "where")).exit_code == 2


def test_a_rename() -> None:
    done = pvc("vm", "rename", "web1", "shop1")
    assert (done.exit_code, done.stdout.strip()) == (0, "web1 is shop1 now")
    assert pvc("vm", "info", "web1").exit_code == 4
    assert pvc("vm", "rename", "shop1", "a/b").exit_code == 2


def test_the_nouns_of_the_hardware() -> None:
    for words in (
        ("vcpu", "set", "web1", "2", "--maximum", "4"),
        ("memory", "set", "web1", "256"),
        ("network", "add", "web1", "br100", "--macaddr", "52:54:00:00:00:01"),
        ("volume", "add", "web1", "vms/data", "--disk-id", "vdc"),
        ("volume", "add", "web1", "/srv/a.img", "--type", "file"),
        ("volume", "remove", "web1", "vms/data", "--yes"),
    ):
        done = pvc("vm", *words, "--wait")
        assert done.exit_code == 0, (words, done.output)
    assert "warning: " in pvc("vm", "volume", "add", "web1", "/srv/b.img", "--type", "file", "--wait").stderr
    assert "at most, while running  4" in pvc("vm", "vcpu", "get", "web1").stdout
    assert "256 MiB" in pvc("vm", "memory", "get", "web1").stdout
    assert "52:54:00:00:00:01  br100" in pvc("vm", "network", "get", "web1").stdout
    shown = pvc("vm", "volume", "get", "web1", "--format", "json")
    volumes: Any = json.loads(shown.stdout)
    assert [(volume["disk_id"], volume["volume"]) for volume in volumes] == [
        ("vda", "/srv/a.img"),
        ("vdb", "/srv/b.img"),
    ]
    assert pvc("vm", "network", "remove", "web1", "--yes").exit_code == 2
    assert pvc("vm", "volume", "remove", "web1", "vdz", "--yes").exit_code == 4
