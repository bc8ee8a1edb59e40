"""One task, as `pvc task info` tells it."""

from __future__ import annotations

from typing import Any

import pytest
from jobs import job, waiting

from pvc_cli.commands.task import _show
from pvc_cli.human import clock

ASKED = {
    "actor": "admin",
    "source": "10.0.0.1",
    "reason": "",
    "parent": None,
    "queue": "node.hv1",
    "worker": "hv1",
    "cancel": None,
    "deadline": 9000.0,
}
MIB = 1 << 20


def shown(capsys: pytest.CaptureFixture[str], **changes: Any) -> str:
    _show(job(**{"operation": "vm.migrate", **ASKED, **changes}))
    return " ".join(capsys.readouterr().out.split())


def test_what_waits_for_a_time_says_when_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, waiting=waiting("time", "restart 2 of 5", until=500.0, deadline=9000.0))
    assert f"until {clock(500.0)}" in text and "at the latest" not in text


def test_what_waits_for_others_says_when_it_is_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, waiting=waiting("lock", "behind a flush", deadline=700.0))
    assert f"at the latest until {clock(700.0)}" in text


def test_the_pace_of_a_migration_is_shown_while_it_is_under_way(capsys: pytest.CaptureFixture[str]) -> None:
    progress = {"bytes_done": 30 * MIB, "bytes_total": 120 * MIB, "bytes_per_s": 8 * MIB, "eta_s": 11.0}
    assert "progress 25 % 8 MiB/s ETA 11 s" in shown(capsys, progress=progress)
    assert "MiB/s" not in shown(capsys, state="succeeded", progress=progress)


def test_how_long_its_guest_stood_still_is_shown_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert "stood still its guest, for 56 ms" in shown(capsys, state="succeeded", result={"downtime_ms": 56})
