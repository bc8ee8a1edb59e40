"""Consoles and worker logs: what a guest prints reaches a reader, once, in order, wherever it runs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from cluster import MakeCluster, domain_xml
from log_cluster import LogCluster
from serving import connected, pvc

from pvc_core.decide.turns import came_late, maybe_mixed, not_waited_for
from pvc_core.errors import InvalidRequest, NotFound, StoreUnavailable
from pvc_core.model.log import LogView
from pvc_core.model.operations import (
    DefineVm,
    MetaVm,
    MigrateVm,
    ModifyVm,
    RenameVm,
    StartVm,
    StopVm,
    UndefineVm,
)
from pvc_core.store import tree


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_worker.follow.follower.LOOK_S", 0.02)
    monkeypatch.setattr("pvc_worker.follow.turns.SCAN_S", 0.05)


@pytest.fixture
def make_logs(make_cluster: MakeCluster) -> Iterator[Any]:
    made: list[LogCluster] = []

    def make(**console: object) -> LogCluster:
        settings = {"lazy_s": 0.1, **console}
        made.append(LogCluster(make_cluster(console=settings)))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def logs(make_logs: Any) -> LogCluster:
    found: LogCluster = make_logs()
    return found


def first_line(logs: LogCluster, text: str) -> LogView:
    """`vm1` runs on hv1 and has said this; it has been read."""
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", f"{text}\n")
    return logs.await_lines("vm1", text)


def migrate(logs: LogCluster, vm: str, target: str) -> None:
    job = logs.cluster.run(MigrateVm(vm=vm, target=target, force=True))
    assert job.state == "succeeded", job


def test_what_a_guest_prints_is_shown(logs: LogCluster) -> None:
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "one\r\n\x1b[32mtwo\x1b[0m\r\nlogin: ")
    view = logs.await_lines("vm1", "one", "two")
    assert (view.first, view.next, view.partial, view.name) == (0, 2, "login: ", "vm1")
    assert logs.read("vm1", lines=1).lines == ("two",)


def test_a_line_under_way_is_shown_as_whole_lines_are(logs: LogCluster) -> None:
    """A prompt has colours, and letters of more than one byte; the last one may be here only in part."""
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "\x1b[32mgrün\x1b[0m@web1:~# €".encode()[:-1])
    logs.cluster.await_true(lambda: bool(logs.read("vm1").partial), "it is read")
    assert logs.read("vm1").partial == "grün@web1:~# \ufffd"
    logs.say("hv1", "vm1", "€\n".encode()[2:])
    assert logs.await_lines("vm1", "grün@web1:~# €").partial == ""


def test_what_nobody_reads_is_kept_seldom_and_handed_over_when_somebody_does(make_logs: Any) -> None:
    logs: LogCluster = make_logs(lazy_s=3600)
    uuid = logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "hello\n")
    time.sleep(0.3)
    assert logs.documents(uuid) == []
    assert logs.read("vm1").lines == ("hello",)
    logs.say("hv1", "vm1", "again\n")
    assert logs.read("vm1", after=1, wait_s=5).lines == ("again",)


def test_a_line_wakes_who_waits_for_it(make_logs: Any) -> None:
    logs: LogCluster = make_logs(lazy_s=3600)
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "first\n")
    cursor = logs.read("vm1").next
    threading.Timer(0.3, logs.say, ("hv1", "vm1", "second\n")).start()
    begun = time.monotonic()
    view = logs.read("vm1", after=cursor, wait_s=10)
    assert view.lines == ("second",) and view.lost == 0
    assert 0.2 < time.monotonic() - begun < 3
    begun = time.monotonic()
    assert logs.read("vm1", after=view.next, wait_s=0.3).lines == ()
    assert time.monotonic() - begun < 2


def test_a_migration_in_the_middle_of_a_line_loses_and_repeats_nothing(make_logs: Any) -> None:
    """There, back, and there again: old lines in a node's file are not shown a second time."""
    logs: LogCluster = make_logs(lazy_s=3600)
    first_line(logs, "a1")
    logs.say("hv1", "vm1", "a2\nhal")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", "f\nb1\n")
    logs.await_lines("vm1", "a1", "a2", "half", "b1")
    migrate(logs, "vm1", "hv1")
    logs.say("hv1", "vm1", "c1\nc2\n")
    logs.await_lines("vm1", "a1", "a2", "half", "b1", "c1", "c2")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", "d1\n")
    view = logs.await_lines("vm1", "a1", "a2", "half", "b1", "c1", "c2", "d1")
    assert view.next == 7


def test_who_says_much_at_the_moment_of_migration_is_heard_in_order(logs: LogCluster) -> None:
    cursor = first_line(logs, "up").next
    seen: list[str] = []
    for round_, (here, there) in enumerate([("hv1", "hv2"), ("hv2", "hv3"), ("hv3", "hv1")]):
        logs.say(here, "vm1", "".join(f"{round_} {number}\n" for number in range(100)))
        migrate(logs, "vm1", there)
        logs.say(there, "vm1", f"{round_} over\n")
        while f"{round_} over" not in seen:
            view = logs.read("vm1", after=cursor, wait_s=5)
            assert view.lost == 0 and view.first == cursor
            seen, cursor = [*seen, *view.lines], view.next
    expected = [line for r in range(3) for line in [*(f"{r} {n}" for n in range(100)), f"{r} over"]]
    assert seen == expected


def test_a_killed_agent_goes_on_where_it_was(make_logs: Any) -> None:
    logs: LogCluster = make_logs(lazy_s=3600)
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "kept\nand ")
    assert logs.read("vm1").lines == ("kept",)
    logs.say("hv1", "vm1", "read\nbut not kept\n")
    logs.kill("hv1")
    logs.say("hv1", "vm1", "while nobody looked\n")
    logs.start("hv1")
    logs.await_lines("vm1", "kept", "and read", "but not kept", "while nobody looked")


def test_an_agent_that_was_dead_when_its_guest_left_appends_what_is_left(make_logs: Any) -> None:
    logs: LogCluster = make_logs(lazy_s=3600)
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "kept\n")
    assert logs.read("vm1").lines == ("kept",)
    logs.kill("hv1")
    logs.say("hv1", "vm1", "left\n")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", "new\n")
    logs.start("hv1")
    logs.await_lines("vm1", "kept", "left", "new")


def test_the_target_does_not_wait_for_ever(logs: LogCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_worker.follow.turns.SLOW_S", 0.3)
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "kept\nhalf")
    logs.await_lines("vm1", "kept")
    logs.kill("hv1")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", "new\n")
    told = not_waited_for(["hv1"])
    logs.await_lines("vm1", "kept", "half", told, "new")
    logs.say("hv1", "vm1", " of it\nlate\n")
    logs.start("hv1")
    seen = ("kept", "half", told, "new", " of it", "late", came_late("hv1", 2))
    logs.await_lines("vm1", *seen)
    migrate(logs, "vm1", "hv1")
    logs.say("hv1", "vm1", "back\n")
    logs.await_lines("vm1", *seen, "back")


def test_it_is_told_when_nothing_comes_late_after_all(
    logs: LogCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_worker.follow.turns.SLOW_S", 0.3)
    first_line(logs, "kept")
    logs.kill("hv1")
    migrate(logs, "vm1", "hv2")
    logs.await_lines("vm1", "kept", not_waited_for(["hv1"]))
    logs.start("hv1")
    logs.await_lines("vm1", "kept", not_waited_for(["hv1"]), came_late("hv1", 0))


def test_a_slow_agent_is_waited_for_and_readers_know(logs: LogCluster) -> None:
    first_line(logs, "a")
    logs.paused.add("hv1")
    logs.say("hv1", "vm1", "b\nc")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", "d\n")
    logs.cluster.await_true(lambda: "hv1 has not handed over" in logs.read("vm1").note, "it is said")
    assert logs.read("vm1").lines == ("a",)
    logs.paused.clear()
    logs.await_lines("vm1", "a", "b", "cd")
    assert logs.read("vm1").note == ""


def test_a_stay_that_no_agent_saw_is_read_in_its_turn(logs: LogCluster) -> None:
    first_line(logs, "a")
    logs.paused.add("hv2")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", "b\n")
    migrate(logs, "vm1", "hv3")
    logs.say("hv3", "vm1", "c\n")
    time.sleep(0.3)
    assert logs.read("vm1").lines == ("a",)
    logs.paused.clear()
    logs.await_lines("vm1", "a", "b", "c")


def test_a_guest_that_left_before_anybody_looked_is_read_from_its_first_line(logs: LogCluster) -> None:
    logs.paused.update(logs.cluster.names)
    logs.cluster.run_vm("vm1", "hv1")
    for here, there in (("hv1", "hv2"), ("hv2", "hv3")):
        logs.say(here, "vm1", f"on {here}\nhalf ")
        migrate(logs, "vm1", there)
    logs.say("hv3", "vm1", "line\n")
    logs.paused.clear()
    logs.await_lines("vm1", "on hv1", "half on hv2", "half line")


def test_a_guest_that_was_off_again_before_anybody_looked_is_read(logs: LogCluster) -> None:
    logs.paused.add("hv1")
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "short\nlife")
    assert logs.cluster.run(StopVm(vm="vm1")).state == "succeeded"
    logs.paused.clear()
    logs.await_lines("vm1", "short", "life")


def test_a_guest_that_is_back_before_its_agent_looked_is_said_to_be_mixed(logs: LogCluster) -> None:
    first_line(logs, "a")
    logs.paused.add("hv1")
    logs.say("hv1", "vm1", "b\n")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", "c\n")
    migrate(logs, "vm1", "hv1")
    logs.say("hv1", "vm1", "d\n")
    logs.paused.clear()
    logs.await_lines("vm1", "a", "b", "d", maybe_mixed("hv1"), "c")
    logs.say("hv1", "vm1", "e\n")
    logs.await_lines("vm1", "a", "b", "d", maybe_mixed("hv1"), "c", "e")


def test_what_came_to_a_new_node_before_its_turn_and_is_too_much_is_said(make_logs: Any) -> None:
    logs: LogCluster = make_logs(kib=16)
    first_line(logs, "a")
    logs.paused.add("hv1")
    migrate(logs, "vm1", "hv2")
    logs.say("hv2", "vm1", ("x" * 99 + "\n") * 200)
    logs.paused.clear()
    logs.cluster.await_true(lambda: "[3680 bytes were skipped]" in logs.read("vm1").lines, "it is said")


def test_a_rotated_file_is_read_to_its_end(logs: LogCluster) -> None:
    logs.cluster.run_vm("vm1", "hv1")
    path = "/var/log/libvirt/vm1.log"
    logs.say("hv1", "vm1", "1\n")
    logs.await_lines("vm1", "1")
    logs.say("hv1", "vm1", "2\n")
    logs.files["hv1"].rename(path, f"{path}.0")
    logs.say("hv1", "vm1", "3\n")
    logs.await_lines("vm1", "1", "2", "3")
    logs.files["hv1"].truncate(path)
    logs.say("hv1", "vm1", "after the cut\n")
    logs.await_lines("vm1", "1", "2", "3", "after the cut")


def test_more_than_is_kept_between_two_looks_is_counted(make_logs: Any) -> None:
    logs: LogCluster = make_logs(lines=10)
    cursor = first_line(logs, "0").next
    logs.say("hv1", "vm1", "".join(f"{number}\n" for number in range(1, 20_001)))
    logs.cluster.await_true(lambda: logs.read("vm1").next == 20_001, "all is read")
    view = logs.read("vm1", after=cursor)
    assert view.lost > 0 and view.lost + len(view.lines) == 20_000
    assert view.lines[-1] == "20000" and view.first == cursor + view.lost
    assert len(logs.read("vm1").lines) == 10


def test_a_vm_has_its_own_number_of_lines(logs: LogCluster) -> None:
    logs.cluster.run_vm("vm1", "hv1", console_lines=2)
    logs.say("hv1", "vm1", "1\n2\n3\n4\n")
    logs.await_lines("vm1", "3", "4")


def test_an_undefined_vm_leaves_nothing(logs: LogCluster) -> None:
    uuid = logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", ("x" * 3000 + "\n") * 12)
    logs.cluster.await_true(lambda: logs.read("vm1").next == 12, "all is read")
    assert len(logs.documents(uuid)) > 2
    assert logs.cluster.run(StopVm(vm="vm1")).state == "succeeded"
    logs.cluster.await_true(lambda: _closed(logs, uuid), "the rest is kept")
    logs.cluster.submit(UndefineVm(vm="vm1"))
    assert logs.documents(uuid) == []
    with pytest.raises(NotFound):
        logs.read("vm1")


def _closed(logs: LogCluster, uuid: str) -> bool:
    seen = logs.cluster.service.store.find(tree.log_head(tree.vm_log_key(uuid)))
    return seen is not None and seen.value.closed


def test_a_renamed_vm_keeps_its_console(logs: LogCluster) -> None:
    """Its file has another name from then on, and its lines go on being counted."""
    first_line(logs, "one")
    assert logs.cluster.run(StopVm(vm="vm1")).state == "succeeded"
    logs.cluster.await_true(lambda: logs.cluster.service.vm("vm1").seen == "off", "it is seen off")
    logs.cluster.submit(RenameVm(vm="vm1", new="vm2"))
    assert logs.read("vm2").lines == ("one",)
    assert logs.cluster.run(StartVm(vm="vm2")).state == "succeeded"
    logs.say("hv1", "vm2", "two\n")
    assert logs.await_lines("vm2", "one", "two").next == 2


def left_and_renamed(logs: LogCluster, *heard: str) -> None:
    """Its agent is away while it prints, is stopped, and gets another name, twice."""
    logs.cluster.run_vm("vm1", "hv1")
    for line in heard:
        logs.say("hv1", "vm1", f"{line}\n")
        logs.await_lines("vm1", line)
    logs.kill("hv1")
    logs.say("hv1", "vm1", "left\n")
    assert logs.cluster.run(StopVm(vm="vm1")).state == "succeeded"
    logs.cluster.await_true(lambda: logs.cluster.service.vm("vm1").seen == "off", "it is seen off")
    logs.cluster.submit(RenameVm(vm="vm1", new="other"))
    logs.cluster.submit(RenameVm(vm="other", new="vm2"))


@pytest.mark.parametrize("heard", [(), ("heard",)])
def test_what_was_not_read_before_a_rename_is_read_after_it(logs: LogCluster, heard: tuple[str, ...]) -> None:
    left_and_renamed(logs, *heard)
    logs.start("hv1")
    logs.await_lines("vm2", *heard, "left")


def test_a_renamed_vm_that_runs_again_is_read_in_order(logs: LogCluster) -> None:
    left_and_renamed(logs, "heard")
    assert logs.cluster.run(StartVm(vm="vm2")).state == "succeeded"
    logs.say("hv1", "vm2", "new\n")
    logs.start("hv1")
    logs.await_lines("vm2", "heard", "left", "new")
    assert logs.cluster.run(StopVm(vm="vm2")).state == "succeeded"
    assert logs.cluster.run(StartVm(vm="vm2")).state == "succeeded"
    logs.say("hv1", "vm2", "newer\n")
    logs.await_lines("vm2", "heard", "left", "new", "newer")


def test_what_comes_late_after_a_rename_comes_from_the_old_file(
    logs: LogCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pvc_worker.follow.turns.SLOW_S", 0.3)
    left_and_renamed(logs, "heard")
    logs.cluster.submit(MetaVm.parse({"vm": "vm2", "node_limit": ["hv2"]}))
    assert logs.cluster.run(StartVm(vm="vm2")).state == "succeeded"
    logs.say("hv2", "vm2", "new\n")
    logs.await_lines("vm2", "heard", not_waited_for(["hv1"]), "new")
    logs.start("hv1")
    logs.await_lines("vm2", "heard", not_waited_for(["hv1"]), "new", "left", came_late("hv1", 1))


def test_what_was_not_read_before_a_log_file_was_moved_is_read_after_it(logs: LogCluster) -> None:
    logs.cluster.run_vm("vm1", "hv1")
    logs.kill("hv1")
    logs.say("hv1", "vm1", "left\n")
    assert logs.cluster.run(StopVm(vm="vm1")).state == "succeeded"
    console = "<devices><serial type='pty'><log file='/var/log/libvirt/new.log'/></serial></devices>"
    xml = logs.cluster.service.vm_xml("vm1").replace("</domain>", f"{console}</domain>")
    logs.cluster.submit(ModifyVm(vm="vm1", xml=xml))
    logs.start("hv1")
    logs.await_lines("vm1", "left")


def test_the_last_words_of_a_guest_are_a_line(logs: LogCluster) -> None:
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "Power down")
    logs.cluster.await_true(lambda: logs.read("vm1").partial == "Power down", "it is read")
    logs.cluster.run(StopVm(vm="vm1"))
    logs.await_lines("vm1", "Power down")


def test_no_reader_is_watched_for_long(logs: LogCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_worker.follow.marks.STALE_S", 0.2)
    monkeypatch.setattr("pvc_worker.follow.marks.LOOK_S", 0.05)
    logs.cluster.run_vm("vm1", "hv1")
    logs.read("vm1")
    store = logs.cluster.service.store
    logs.cluster.await_true(lambda: store.names(tree.FOLLOWED) == (), "the mark is gone")


def test_a_vm_without_console_says_why(logs: LogCluster) -> None:
    logs.cluster.define("vm1", "hv1")
    view = logs.read("vm1")
    assert (view.lines, view.next) == ((), 0)
    assert "<log file=.../>" in view.note


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("/var/log/libvirt/vm1.log", False),
        ("/srv/logs/deep/vm1.log", False),
        ("/etc/passwd", True),
        ("/var/log/libvirt/../vm1.log", True),
    ],
)
def test_a_console_that_lies_where_nobody_looks_is_told(make_logs: Any, file: str, told: bool) -> None:
    logs: LogCluster = make_logs(also=["/srv/logs"])
    device = f"<devices><serial type='pty'><log file='{file}'/></serial></devices></domain>"
    xml = domain_xml("vm1").replace("</domain>", device)
    warnings = logs.cluster.submit(DefineVm(xml=xml, node="hv1")).result.get("warnings", [])
    why = f"{file} is not followed: it does not lie in /var/log/libvirt or /srv/logs"
    assert [warning for warning in warnings if why in warning] == warnings and bool(warnings) == told
    assert (why in logs.read("vm1").note) == told


def test_a_worker_s_own_log_is_followed_too(logs: LogCluster) -> None:
    logs.log("hv2", "agent INFO it works\n")
    logs.cluster.await_true(
        lambda: logs.cluster.service.node_log("hv2", None, None, 0).next == 1, "it is read"
    )
    assert logs.cluster.service.node_log("hv2", 0, None, 0).lines == ("agent INFO it works",)
    with pytest.raises(NotFound):
        logs.cluster.service.node_log("hv9", None, None, 0)


def test_a_cursor_that_was_never_given_is_refused(logs: LogCluster) -> None:
    first_line(logs, "1")
    with pytest.raises(InvalidRequest, match="no line 2"):
        logs.read("vm1", after=2)
    assert logs.read("vm1", after=1).lines == ()


@pytest.fixture
def address(logs: LogCluster) -> Iterator[str]:
    with connected(logs.cluster) as found:
        yield found


BAD = (
    "after=x after=-1 after=1.5 after= after=99 after=99999999999999999999 lines=0 lines=-3 lines=10001 "
    "lines=all wait=61 wait=-1 wait=nan follow=1 after=0&after=1"
)


@pytest.mark.parametrize("query", BAD.split())
def test_bad_questions_are_refused(logs: LogCluster, address: str, query: str) -> None:
    logs.cluster.run_vm("vm1", "hv1")
    headers = {"Authorization": f"Bearer {logs.cluster.token}"}
    answer = requests.get(f"{address}/api/v1/vm/vm1/console?{query}", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), answer.text


def test_the_command_line_shows_it(logs: LogCluster, address: str) -> None:
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "one\ntwo\tx\n> ")
    logs.cluster.await_true(lambda: logs.read("vm1").partial == "> ", "it is read")
    assert pvc("vm", "log", "vm1").output == "one\ntwo     x\n> \n"
    assert pvc("vm", "log", "vm1", "--lines", "1").output == "two     x\n> \n"
    shown = json.loads(pvc("vm", "log", "vm1", "--format", "json").output)
    assert (shown["lines"], shown["next"], shown["partial"]) == (["one", "two\tx"], 2, "> ")
    assert pvc("vm", "log", "vm1", "--lines", "0").exit_code == 2
    assert pvc("vm", "log", "nobody").exit_code == 4
    assert pvc("node", "log", "hv9").exit_code == 4
    empty = pvc("node", "log", "hv3")
    assert (empty.exit_code, "nothing to show" in empty.output) == (0, True)


def test_a_terminal_gets_a_pager(logs: LogCluster, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first_line(logs, "one")
    paged: list[str] = []
    monkeypatch.setattr("click.echo_via_pager", paged.append)
    monkeypatch.setattr("pvc_cli.commands.log.on_terminal", lambda: True)
    assert pvc("vm", "log", "vm1").exit_code == 0
    assert paged == ["one\n"]


def test_it_survives_a_session_that_ends(logs: LogCluster) -> None:
    """What was read and could not be kept is read again under the next session."""
    first_line(logs, "1")
    home = logs.followers["hv1"]._world.store.home.below  # type: ignore[attr-defined]
    home.disconnect()
    logs.say("hv1", "vm1", "2\n")
    time.sleep(0.1)
    home.expire()
    home.reconnect()
    logs.await_lines("vm1", "1", "2")


def test_a_store_that_is_away_when_an_agent_starts_is_asked_again(make_logs: Any) -> None:
    """What a dead agent left is still looked for, and read to its end."""
    logs: LogCluster = make_logs(lazy_s=3600)
    logs.cluster.run_vm("vm1", "hv1")
    logs.say("hv1", "vm1", "kept\n")
    assert logs.read("vm1").lines == ("kept",)
    logs.kill("hv1")
    logs.say("hv1", "vm1", "left\n")
    assert logs.cluster.run(StopVm(vm="vm1")).state == "succeeded"
    asked = 0

    def away(*asked_for: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked < 4:
            raise StoreUnavailable("away")
        return find(*asked_for)

    logs.start("hv1")
    find = logs.followers["hv1"]._sources.console_of
    logs.followers["hv1"]._sources.console_of = away  # type: ignore[method-assign]
    logs.await_lines("vm1", "kept", "left")
