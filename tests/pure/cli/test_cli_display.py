"""What is seen of a job: exact lines, for people and for grep."""

from __future__ import annotations

import pytest
from jobs import job, waiting

from pvc_cli.display import Lines, show_end
from pvc_cli.sentence import sentence


def test_who_holds_the_lock_and_the_place_in_line() -> None:
    held = waiting("lock", "waiting for the lock flush, held by 2026 (node.flush hv3)", position=2)
    line = sentence(job("waiting", waiting=held))
    assert line == "waiting    waiting for the lock flush, held by 2026 (node.flush hv3) (place 2 in line)"


def test_vms_speed_and_remaining_time() -> None:
    progress = {"done": 3, "total": 8, "bytes_per_s": 120 << 20, "eta_s": 12.3}
    line = sentence(job(progress=progress, text="moving vm4 to hv3"))
    assert line == "running    3/8 VMs  120 MiB/s  ETA 12 s  moving vm4 to hv3"


def test_the_share_of_one_migration() -> None:
    moving = job(operation="vm.migrate", progress={"bytes_done": 1, "bytes_total": 4}, text="to hv2")
    assert sentence(moving) == "running    25 %  to hv2"


def test_waiting_for_children_is_told_in_the_job_s_words() -> None:
    moving = job("waiting", waiting=waiting("child", "child x"), text="3 of 8 moved, waiting for vm4 on hv3")
    assert sentence(moving) == "waiting    3 of 8 moved, waiting for vm4 on hv3"


def test_a_silent_node_is_named() -> None:
    silent = job("queued", waiting=waiting("node", "the worker of hv1 is not there"), text="")
    assert sentence(silent) == "queued     the worker of hv1 is not there"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in sentence(job(text="\x1b[2Jgone"))


def test_a_line_per_change_not_per_figure(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for done, speed in ((1, 10), (1, 20), (2, 20), (2, 30)):
        lines.show(job(progress={"done": done, "total": 2, "bytes_per_s": speed << 20}))
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["1/2", "2/2"]


def test_trouble_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for text in ("", "away", "away", "", "away"):
        lines.trouble(text)
    assert capsys.readouterr().err == "away\naway\n"


def test_the_end_names_each_vm_left(capsys: pytest.CaptureFixture[str]) -> None:
    left = [{"vm": "db1", "code": "NODE_LIMIT", "message": "it may run on hv1 alone", "remedy": "Relax it."}]
    show_end(job("partial", text="1 of 2 VMs left hv1", result={"left": left}))
    assert capsys.readouterr().out.splitlines() == [
        "partial: 1 of 2 VMs left hv1 (12 s)",
        "left: db1  NODE_LIMIT  it may run on hv1 alone",
        "      remedy: Relax it.",
    ]


def test_those_left_of_whom_there_are_too_many_are_named_by_their_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_end(job("partial", text="hv1 is not empty", result={"left": [], "left_more": {"X": ["a", "b"]}}))
    assert capsys.readouterr().out.splitlines()[1:] == ["left as well: a, b  X"]


def test_a_failure_has_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    show_end(job("failed", error={"code": "X", "message": "libvirt said no", "remedy": "Read its log."}))
    assert capsys.readouterr().err.splitlines() == ["error: libvirt said no", "remedy: Read its log."]
