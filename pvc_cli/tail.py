"""Following a log by its cursor: no line is lost in silence, none is shown twice."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any, Protocol

import click

from pvc_cli.exits import is_away
from pvc_cli.human import clean
from pvc_core.errors import PvcError

Record = dict[str, Any]

POLL_S = 20.0
PATIENCE_S = 120.0
"""How long the API may be gone: it may be restarting, or a node with it."""

PAUSE_S = 1.0
UNCHANGED_PAUSE_S = 0.5
"""Where the API is too busy to let us wait, it answers at once: do not ask it all the time."""

TAB = 8


class Source(Protocol):
    def get(self, path: str, **query: Any) -> Any: ...


def follow_log(source: Source, path: str, lines: int, form: str) -> None:
    """For ever; what is shown goes to stdout, what is said about it to stderr."""
    for found in follow(source, path, lines):
        if found["lost"]:
            click.secho(_lost(found), err=True, fg="yellow")
        for number, line in enumerate(found["lines"], found["first"]):
            click.echo(_line(form, number, line))
        sys.stdout.flush()


def follow(source: Source, path: str, lines: int) -> Iterator[Record]:
    """The last lines, then each answer with new ones; a VM is asked for by its UUID, lest it be renamed."""
    found = _ask_patiently(source, path, lines=lines)
    if not found["lines"] and found["note"]:
        click.echo(f"nothing yet: {found['note']}", err=True)
    yield found
    path, told = by_identity(path, found["id"]), "" if found["lines"] else found["note"]
    while True:
        asked = time.monotonic()
        found = _ask_patiently(source, path, after=found["next"], wait=POLL_S)
        if found["lines"]:
            told = ""
            yield found
        elif found["note"] not in (told, ""):
            told = found["note"]
            click.echo(f"nothing new: {told}", err=True)
        elif time.monotonic() - asked < UNCHANGED_PAUSE_S:
            time.sleep(UNCHANGED_PAUSE_S)


def by_identity(path: str, identity: str) -> str:
    """`/vm/web1/console` with what never changes in the place of the name."""
    _, noun, _, what = path.split("/")
    return f"/{noun}/{identity}/{what}"


def _ask_patiently(source: Source, path: str, **query: Any) -> Record:
    give_up, told = time.monotonic() + PATIENCE_S, False
    while True:
        try:
            found: Record = source.get(path, **query)
        except PvcError as error:
            if not is_away(error) or time.monotonic() > give_up:
                raise
            if not told:
                click.echo("the API does not answer, trying again…", err=True)
                told = True
            time.sleep(PAUSE_S)
        else:
            return found


def _lost(found: Record) -> str:
    count = found["lost"]
    return f"[{count} line{'s were' if count > 1 else ' was'} lost: more came than is kept]"


def _line(form: str, number: int, line: str) -> str:
    """As text, or one object a line."""
    if form == "table":
        return printable(line)
    record = json.dumps({"line": number, "text": line}, ensure_ascii=False)
    return record if form == "json" else f"- {record}"


def printable(line: str) -> str:
    return clean(line.expandtabs(TAB))
