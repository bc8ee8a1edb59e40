"""One printer for all records: tables, labelled lines, JSON and YAML."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from pvc_cli.human import clean

Record = dict[str, Any]

COLOURS = {
    **dict.fromkeys(("ready", "ok", "running", "succeeded", "start"), "green"),
    **dict.fromkeys(
        ("flushing", "readying", "queued", "waiting", "cancelling", "partial", "degraded"), "yellow"
    ),
    **dict.fromkeys(("dead", "failed", "critical", "crashed", "no hypervisor", "no worker"), "red"),
    **dict.fromkeys(("flushed", "off", "stop", "cancelled", "disable"), "bright_black"),
}


LEAST = 4
"""A last column with less room than this is left out."""


@dataclass(frozen=True)
class Column:
    """`value` is a key of the record, or makes the text from it."""

    title: str
    value: str | Callable[[Record], Any]
    right: bool = False

    def text(self, record: Record) -> str:
        found = self.value(record) if callable(self.value) else record.get(self.value)
        return "-" if found is None or found == "" else clean(str(found))


def emit(form: str, data: Any, table: Callable[[], None]) -> None:
    """The answer in the format asked for."""
    if form == "table":
        table()
    else:
        click.echo(dump(form, data))


def dump(form: str, data: Any) -> str:
    if form == "json":
        return json.dumps(data, indent=2, ensure_ascii=False)
    import yaml

    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text.rstrip("\n")


def show_table(records: Sequence[Record], columns: Sequence[Column], empty: str) -> None:
    """Widths are of the plain text; on a terminal the last column is cut at the right edge."""
    if not records:
        click.echo(empty)
        return
    rows = [[column.text(record) for column in columns] for record in records]
    widths = [max(map(len, cells)) for cells in zip([column.title for column in columns], *rows, strict=True)]
    click.secho(_line([column.title for column in columns], columns, widths), bold=True)
    for row in rows:
        click.echo(_line(row, columns, widths, painted=True))


def show_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Labelled lines; a label without a value is left out."""
    shown = [(label, clean(str(value))) for label, value in pairs if value not in (None, "")]
    width = max((len(label) for label, _ in shown), default=0)
    for label, value in shown:
        first, *rest = value.split("\n")
        click.echo(f"{click.style(label.ljust(width), bold=True)}  {paint(first)}")
        for line in rest:
            click.echo(f"{' ' * width}  {line}")


def paint(text: str, padded: str = "") -> str:
    """Coloured by its meaning, if it has one."""
    colour = COLOURS.get(text)
    return click.style(padded or text, fg=colour) if colour else padded or text


def heading(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)


def _line(
    cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int], painted: bool = False
) -> str:
    room = _terminal_width() - sum(widths[:-1]) - 2 * (len(widths) - 1)
    parts = []
    for index, (cell, column, width) in enumerate(zip(cells, columns, widths, strict=True)):
        last = index == len(cells) - 1
        text = _cut(cell, room) if last else cell
        padded = text.rjust(width) if column.right else text if last else text.ljust(width)
        parts.append(paint(text, padded) if painted else padded)
    return "  ".join(parts)


def _cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    return text[: room - 1] + "…" if room >= LEAST else ""


def _terminal_width() -> int:
    """Nothing is cut where no terminal is."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
