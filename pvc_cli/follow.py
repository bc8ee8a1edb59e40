"""Following a job to its end, through lost answers and restarts of the API."""

from __future__ import annotations

import sys
import time
from typing import Any, NoReturn, Protocol

import click

from pvc_cli import exits
from pvc_cli.display import Display, open_display, show_end
from pvc_cli.exits import TimedOut
from pvc_cli.session import session
from pvc_cli.show import dump
from pvc_core.errors import PvcError

POLL_S = 20.0
"""How long one question waits for a change."""

PATIENCE_S = 120.0
"""How long the API may be gone: it may be restarting, or a node with it."""

PAUSE_S = 1.0
UNCHANGED_PAUSE_S = 0.5
"""Where the API is too busy to let us wait, it answers at once: do not ask it all the time."""

Record = dict[str, Any]


class Source(Protocol):
    """Who is asked about the job."""

    def await_job(self, job: str, wait_s: float, seen: str | None) -> tuple[Record, str]: ...


def follow_to_end(job: str, timeout: float | None) -> NoReturn:
    """Show the job until it ends, then exit with the code that says how."""
    sys.exit(exits.for_job(watch(job, timeout)))


def watch(job: str, timeout: float | None) -> Record:
    """Show the job until it ends, and its end; raises TimedOut. Ctrl-C ends the program, not the job."""
    own = session()
    try:
        with open_display(own.form) as display:
            ended = follow(own.client, job, display, timeout)
    except KeyboardInterrupt:
        _say_detached(job, own.flag)
        sys.exit(exits.INTERRUPTED)
    if own.form == "table":
        show_end(ended)
    else:
        click.echo(dump(own.form, ended))
    return ended


def follow(source: Source, job: str, display: Display, timeout: float | None) -> Record:
    """The job at its end; raises TimedOut, or Unreachable once patience is over."""
    ends = None if timeout is None else time.monotonic() + timeout
    seen: str | None = None
    while True:
        asked = time.monotonic()
        record, etag = _ask_patiently(source, job, display, seen, ends)
        if record.get("finished"):
            return record
        display.show(record)
        _check_time(job, ends)
        if etag == seen and time.monotonic() - asked < UNCHANGED_PAUSE_S:
            time.sleep(UNCHANGED_PAUSE_S)
        seen = etag


def _ask_patiently(
    source: Source, job: str, display: Display, seen: str | None, ends: float | None
) -> tuple[Record, str]:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer = source.await_job(job, _wait_s(ends), seen)
        except PvcError as error:
            if not exits.is_away(error) or time.monotonic() > give_up:
                raise
            display.trouble("the API does not answer, trying again…")
            _check_time(job, ends)
            time.sleep(PAUSE_S)
        else:
            display.trouble("")
            return answer


def _wait_s(ends: float | None) -> float:
    return POLL_S if ends is None else max(0.0, min(POLL_S, ends - time.monotonic()))


def _check_time(job: str, ends: float | None) -> None:
    if ends is not None and time.monotonic() >= ends:
        remedy = f"It goes on: pvc{session().flag} task wait {job}"
        raise TimedOut(f"task {job} has not ended in the time given", remedy)


def _say_detached(job: str, flag: str) -> None:
    click.echo(f"\ndetached: task {job} goes on", err=True)
    click.echo(f"come back:  pvc{flag} task wait {job}", err=True)
    click.echo(f"stop it:    pvc{flag} task cancel {job}", err=True)
