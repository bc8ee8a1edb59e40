"""Text on a terminal: its width, cutting, wrapping, and tables that fit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_cli import show, width
from pvc_cli.show import Column

WIDE = "机器一号"
ACCENT, COMBINED = "\u00e9", "e\u0301"


@pytest.mark.parametrize(
    ("text", "cells"), [("abc", 3), ("", 0), (WIDE, 8), (ACCENT, 1), (COMBINED, 1), ("🚀", 2)]
)
def test_cells(text: str, cells: int) -> None:
    assert width.cells(text) == cells


@pytest.mark.parametrize(
    ("text", "room", "cut"),
    [("short", 5, "short"), ("longer", 5, "long…"), (WIDE, 8, WIDE), (WIDE, 6, "机器…"), ("longer", 3, "")],
)
def test_cut(text: str, room: int, cut: str) -> None:
    assert width.cut(text, room) == cut
    assert width.cells(cut) <= room


@given(st.text(alphabet="ab 机é", max_size=60), st.integers(4, 30))
def test_wrapped_text_fits_and_keeps_every_word(text: str, room: int) -> None:
    lines = width.wrapped(text, room)
    assert all(width.cells(line) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


SIZES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10)), min_size=1, max_size=6)


def test_what_is_indented_stays_so() -> None:
    assert width.wrapped("  remedy: do  this now", 14) == ["  remedy: do ", "this now"]


def test_later_lines_leave_room_for_their_indentation() -> None:
    assert width.wrapped("one two three four", 7, hang=2) == ["one two", "three", "four"]


@given(SIZES, st.integers(1, 90))
def test_fitted_widths_fit_or_are_at_their_floors(sizes: list[tuple[int, int]], room: int) -> None:
    widths, floors = [size for size, _ in sizes], [min(size, floor) for size, floor in sizes]
    found = width.fitted(widths, floors, room)
    assert sum(found) <= room or found == floors
    assert found == widths or sum(widths) > room


COLUMNS = [
    Column("ID", "id", whole=True),
    Column("STATE", "state"),
    Column("N", "n", right=True),
    Column("TEXT", "text"),
    Column("HOME", "home", optional=True),
]
ROWS = [
    {"id": "20261121t101500-0f3k9d2a", "state": "running", "n": 7, "text": "word " * 30},
    {"id": "x", "state": WIDE * 5, "n": 12, "text": "two\nlines"},
]


def table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int) -> list[str]:
    monkeypatch.setattr(width, "terminal_width", lambda: columns)
    show.show_table(ROWS, COLUMNS, "none")
    return [re.sub(r"\x1b\[\d*m", "", line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("columns", [50, 80, 100])
def test_a_table_fits_its_terminal_and_ids_stay_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    head, first, second = table(capsys, monkeypatch, columns)
    assert max(width.cells(line) for line in (head, first, second)) <= columns
    assert first.startswith("20261121t101500-0f3k9d2a  running") and first.endswith("…")
    assert " 12  two lines" in second
    assert "HOME" not in head
    places = [width.cells(line[: line.index(mark)]) for line, mark in ((head, "TEXT"), (second, "two"))]
    assert places[0] == places[1]


def test_nothing_is_cut_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_table(ROWS, COLUMNS, "none")
    assert ("word " * 30).strip() in capsys.readouterr().out


def test_labelled_lines_wrap_under_themselves(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(width, "terminal_width", lambda: 40)
    show.show_pairs([("vm", "web1"), ("description", "one two three four five six seven eight")])
    assert capsys.readouterr().out.splitlines() == [
        "vm           web1",
        "description  one two three four five six",
        "             seven eight",
    ]


SENTENCES = [Column("VM", "vm", whole=True), Column("BECAUSE", "why", full=True)]


@pytest.mark.parametrize("columns", [30, 80])
def test_a_column_of_sentences_keeps_every_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """What a plan is about to do to a VM must not end in an ellipsis."""
    monkeypatch.setattr(width, "terminal_width", lambda: columns)
    why = "it has nowhere to go and its autorestart allows it: `node ready hv3` starts it again"
    show.show_table([{"vm": "a-vm-with-a-name", "why": why}, {"vm": "b", "why": ""}], SENTENCES, "none")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert " ".join(" ".join(lines).split()).count(" ".join(why.split()[-4:])) == 1
    assert ("BECAUSE" in lines[0]) is (columns == 80)
