"""One printer for all records: tables, labelled lines, JSON and YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import click

from pvc_cli import width
from pvc_cli.human import clean
from pvc_cli.paint import paint
from pvc_cli.table import GAP, WRAP_FROM, Column, show_table
from pvc_cli.width import cells, pad, wrapped

__all__ = ["Column", "dump", "emit", "heading", "paint", "show_pairs", "show_table", "show_text"]


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


def show_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Labelled lines; a label without a value is left out."""
    shown = [(label, clean(str(value))) for label, value in pairs if value not in (None, "")]
    left = max((cells(label) for label, _ in shown), default=0)
    for label, value in shown:
        first, *rest = _lines(value, left + len(GAP))
        click.echo(f"{click.style(pad(label, left), bold=True)}{GAP}{paint(first)}")
        for line in rest:
            click.echo(f"{' ' * left}{GAP}{line}")


def show_text(text: str, indent: int = 0, **style: Any) -> None:
    """A sentence, wrapped to the terminal; lines after the first are indented."""
    screen = max(width.terminal_width(), indent + WRAP_FROM)
    first, *rest = [part for line in clean(text).split("\n") for part in wrapped(line, screen, indent)]
    click.secho("\n".join([first, *(" " * indent + line for line in rest)]), **style)


def _lines(text: str, indent: int) -> list[str]:
    room = width.terminal_width() - indent
    lines = text.split("\n")
    return lines if room < WRAP_FROM else [part for line in lines for part in wrapped(line, room)]


def heading(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)
