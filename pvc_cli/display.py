"""What is seen of a job under way: a live line on a terminal, elsewhere one line per change."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click

from pvc_cli.human import clean, duration
from pvc_cli.plan import show_left
from pvc_cli.report import say_error, say_warnings
from pvc_cli.sentence import counted, sentence, what
from pvc_cli.show import paint

Record = dict[str, Any]

BESIDE = 3
"""Columns that the spinner takes from its line."""


class Display(Protocol):
    def show(self, job: Record) -> None: ...

    def trouble(self, text: str) -> None:
        """Something is in the way; the empty text says it is gone."""


@contextmanager
def open_display(form: str) -> Iterator[Display]:
    """By where the output goes; JSON and YAML get nothing but the end."""
    if form != "table":
        yield Silent()
    elif sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(highlight=False), refresh_per_second=4, transient=True) as live:
            yield OnTerminal(live)
    else:
        yield Lines()


class Silent:
    """Says only that it has trouble, and not on stdout."""

    def __init__(self) -> None:
        self._trouble = ""

    def show(self, job: Record) -> None:
        """The end says it all."""

    def trouble(self, text: str) -> None:
        if text and text != self._trouble:
            click.echo(text, err=True)
        self._trouble = text


class Lines(Silent):
    """A line whenever something other than speed and remaining time changed."""

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[Any, ...] = ()

    def show(self, job: Record) -> None:
        present = (job["state"], *counted(job), what(job))
        if present != self._last:
            click.echo(sentence(job))
            self._last = present


class OnTerminal(Silent):
    """One live line; what the job wrote to its log scrolls by above it."""

    def __init__(self, live: Any) -> None:
        super().__init__()
        self._live = live
        self._told = 0.0
        self._line = Moving()
        live.update(self._line)

    def show(self, job: Record) -> None:
        for line in job["log"]:
            if line["at"] > self._told:
                self._live.console.print(f"  {clean(line['text'])}", markup=False, style="dim")
                self._told = line["at"]
        self._line.text = sentence(job)

    def trouble(self, text: str) -> None:
        self._line.trouble = text


class Moving:
    """Redrawn several times a second, so that one sees it lives."""

    def __init__(self) -> None:
        from rich.spinner import Spinner

        self.text = ""
        self.trouble = ""
        self._spinner = Spinner("dots")
        self._since = time.monotonic()

    def __rich__(self) -> Any:
        from rich.text import Text

        text = Text(f"{duration(time.monotonic() - self._since)}  {self.trouble or self.text}")
        text.truncate(shutil.get_terminal_size().columns - BESIDE, overflow="ellipsis")
        self._spinner.update(text=text)
        return self._spinner


def show_end(job: Record) -> None:
    """How it ended, each VM left and why, and the error with its remedy."""
    took = duration(job["finished"] - (job["started"] or job["created"]))
    text = clean(job["text"]) or job["operation"]
    click.echo(f"{paint(job['state'])}: {text} ({took})")
    if (downtime := job["result"].get("downtime_ms")) is not None:
        click.echo(f"  its guest stood still for {downtime} ms")
    show_left(job["result"].get("left", []), job["result"].get("left_more", {}))
    say_warnings(job["result"])
    if job.get("error"):
        say_error(job["error"], "table")
