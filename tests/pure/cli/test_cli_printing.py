"""Tables, figures, exit codes."""

from __future__ import annotations

import time

import pytest
from jobs import job

from pvc_cli import exits, human, show, width
from pvc_cli.client import path_of
from pvc_cli.exits import Refused
from pvc_cli.show import Column
from pvc_core.errors import InvalidRequest, NotFound, Unreachable


@pytest.mark.parametrize(
    ("mib", "text"),
    [
        (0, "0 MiB"),
        (-64, "-64 MiB"),
        (512, "512 MiB"),
        (1536, "1.5 GiB"),
        (2048, "2.0 GiB"),
        (65_536, "64.0 GiB"),
    ],
)
def test_memory(mib: int, text: str) -> None:
    assert human.gib(mib) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (12.4, "12 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "60 min"),
        (7200, "2 h"),
        (200_000, "2 d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert human.duration(seconds) == text


def test_ages() -> None:
    assert human.age(time.time() - 180) == "3 min ago"
    assert human.age(None) == "never"


def test_a_table_is_as_wide_as_its_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a", "state": "ready", "count": 7}, {"name": "longer", "state": "", "count": 12}]
    show.show_table(
        rows, [Column("NAME", "name"), Column("N", "count", right=True), Column("STATE", "state")], "none"
    )
    assert capsys.readouterr().out.splitlines() == ["NAME     N  STATE", "a        7  ready", "longer  12  -"]


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_table([], [Column("NAME", "name")], "no VMs")
    assert capsys.readouterr().out == "no VMs\n"


def test_the_last_column_is_cut_at_the_edge(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(width, "terminal_width", lambda: 20)
    show.show_table([{"a": "x", "b": "y" * 40}], [Column("A", "a"), Column("B", "b")], "")
    assert capsys.readouterr().out.splitlines()[1] == "x  " + "y" * 16 + "…"


@pytest.mark.parametrize(
    ("state", "code"), [("succeeded", 0), ("partial", 6), ("failed", 8), ("cancelled", 9)]
)
def test_how_a_job_ended(state: str, code: int) -> None:
    assert exits.for_job(job(state)) == code


def test_a_job_with_nowhere_to_go_is_blocked() -> None:
    assert exits.for_job(job("failed", error={"code": "NO_PLACEMENT"})) == 6


@pytest.mark.parametrize(
    ("status", "code"), [(400, 2), (401, 3), (403, 3), (404, 4), (409, 5), (413, 2), (500, 8), (503, 7)]
)
def test_what_the_api_refused(status: int, code: int) -> None:
    assert exits.for_error(Refused(status, "X", "x", "", {})) == code


def test_other_failures() -> None:
    assert exits.for_error(Unreachable("x")) == 7
    assert exits.for_error(InvalidRequest("x")) == 2
    assert exits.for_error(NotFound("x")) == 4
    assert exits.for_error(exits.TimedOut("x")) == 10
    assert exits.for_error(exits.Declined("x")) == 9
    assert exits.for_error(Refused(409, "NO_PLACEMENT", "x", "", {})) == 6


def test_a_name_stays_in_its_place() -> None:
    assert path_of("/vm/<vm>/start", vm="a b?#") == "/vm/a%20b%3F%23/start"
    for name in ("", ".", "..", "../node", "a/b"):
        with pytest.raises(InvalidRequest):
            path_of("/vm/<vm>", vm=name)
