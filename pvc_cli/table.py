"""Tables that fit their terminal; widths are of the plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from pvc_cli import width
from pvc_cli.human import clean
from pvc_cli.paint import paint
from pvc_cli.width import cells, cut, fitted, pad, wrapped

Record = dict[str, Any]

GAP = "  "
NOTHING = "-"

WRAP_FROM = 24
"""Text is not wrapped into less room than this."""


@dataclass(frozen=True)
class Column:
    """`value` is a key of the record, or makes the text from it.

    Where the terminal is too narrow for all, columns are cut: one to copy from (`whole`) only when nothing
    else helps, figures (`right`) never. A last column of sentences (`full`) is wrapped instead, below the
    line if need be.
    """

    title: str
    value: str | Callable[[Record], Any]
    right: bool = False
    whole: bool = False
    full: bool = False
    optional: bool = False
    """Not shown where no record has it."""

    def text(self, record: Record) -> str:
        found = self._of(record)
        return clean(str(found)).replace("\n", " ") if self.has(record) else NOTHING

    def has(self, record: Record) -> bool:
        return self._of(record) not in (None, "")

    def _of(self, record: Record) -> Any:
        return self.value(record) if callable(self.value) else record.get(self.value)

    def floor(self, natural: int) -> int:
        """How narrow it may become."""
        return natural if self.right or self.whole else min(natural, cells(self.title))

    def last_floor(self, natural: int) -> int:
        """How narrow it may become when all others are."""
        return min(natural, WRAP_FROM) if self.whole and not self.right else self.floor(natural)


def show_table(
    records: Sequence[Record], columns: Sequence[Column], empty: str, colour: str | None = None
) -> None:
    """On a terminal no line is longer than that, if it can be; `colour` is that of the whole list."""
    if not records:
        click.echo(empty)
        return
    columns = [column for column in columns if not column.optional or any(map(column.has, records))]
    titles = [column.title for column in columns]
    rows = [[column.text(record) for column in columns] for record in records]
    if columns[-1].full:
        _show_sentences(titles, rows, columns)
    else:
        _show_rows(titles, rows, columns, colour)


def _show_rows(
    titles: list[str], rows: list[list[str]], columns: Sequence[Column], colour: str | None
) -> None:
    widths = _widths(columns, [titles, *rows], width.terminal_width())
    click.secho(_line(titles, columns, widths), bold=True)
    for row in rows:
        line = _line(row, columns, widths, painted=colour is None)
        click.echo(click.style(line, fg=colour) if colour else line)


def _show_sentences(titles: list[str], rows: list[list[str]], columns: Sequence[Column]) -> None:
    """The last column keeps all its words: beside the others if there is room, else below them."""
    screen = width.terminal_width()
    widths = _widths(columns[:-1], [line[:-1] for line in (titles, *rows)], screen)
    taken = sum(widths) + len(GAP) * len(widths)
    beside = screen - taken >= WRAP_FROM
    indent = taken if beside else 2 * len(GAP)
    click.secho(_line(titles if beside else titles[:-1], columns, [*widths, screen]), bold=True)
    for row in rows:
        sentence = wrapped(row[-1], max(screen - indent, WRAP_FROM))
        head = [*row[:-1], sentence.pop(0)] if beside else row[:-1]
        click.echo(_line(head, columns, [*widths, screen], painted=True))
        for line in [] if row[-1] == NOTHING else sentence:
            click.echo(" " * indent + line)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], screen: int) -> list[int]:
    natural = [max(map(cells, found)) for found in zip(*rows, strict=True)]
    room = screen - len(GAP) * (len(columns) - 1)
    floors = [column.floor(size) for column, size in zip(columns, natural, strict=True)]
    last_floors = [column.last_floor(size) for column, size in zip(columns, natural, strict=True)]
    return fitted(fitted(natural, floors, room), last_floors, room)


def _line(
    texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int], painted: bool = False
) -> str:
    parts = []
    for index, (full, column, size) in enumerate(zip(texts, columns, widths, strict=False)):
        text = cut(full, size)
        last = index == len(texts) - 1 and not column.right
        padded = text if last else pad(text, size, column.right)
        parts.append(paint(text, padded) if painted else padded)
    return GAP.join(parts).rstrip()
