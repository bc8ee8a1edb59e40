"""Sending an operation, and what the user sees of it: a plan, a finished job, or a job to follow."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from pvc_cli import exits
from pvc_cli.follow import follow_to_end
from pvc_cli.parameters import option_word
from pvc_cli.plan import show_plan
from pvc_cli.report import say_warnings
from pvc_cli.session import session
from pvc_cli.show import emit, show_text

Record = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """An operation as it goes over the wire."""

    operation: str
    method: str
    url: str
    parts: dict[str, str]
    fields: Record

    @property
    def path(self) -> str:
        from pvc_cli.client import path_of

        return path_of(self.url, **self.parts)


def submit(
    request: Request, wait: bool, timeout: float | None, then: Callable[[Record], None] | None
) -> None:
    own = session()
    answer = send(request)
    if request.fields.get("dry_run"):
        emit(own.form, answer, lambda: show_plan(answer, _command(request)))
        sys.exit(exits.for_plan(answer))
    elif answer.get("finished"):
        _show_finished(answer, then)
    elif wait or timeout is not None:
        if own.form == "table":
            say_accepted(answer["id"], request)
        follow_to_end(answer["id"], timeout)
    else:
        show_accepted(answer, request)


def send(request: Request) -> Record:
    """Its plan, its finished job, or its job as accepted."""
    return session().client.submit(request.method, request.path, request.fields)


def show_accepted(job: Record, request: Request) -> None:
    emit(session().form, job, lambda: _show_accepted(job["id"], request))


def _command(request: Request) -> str:
    """The same without --dry-run, as it would be typed."""
    words = ["pvc" + session().flag, request.operation.replace(".", " "), *request.parts.values()]
    for name, value in request.fields.items():
        if name not in ("dry_run", "reason", "plan_id"):
            each = value if isinstance(value, list) else [value]
            words += [_option(name, one) for one in each]
    return " ".join(words)


def _option(name: str, value: object) -> str:
    flag = f"--{option_word(name)}"
    return flag if value is True else f"{flag} {shlex.quote(str(value))}"


def _show_finished(job: Record, then: Callable[[Record], None] | None) -> None:
    code = exits.for_job(job)
    emit(session().form, job, lambda: (then or _show_text)(job))
    sys.exit(code)


def _show_text(job: Record) -> None:
    show_text(job.get("text") or f"{job['operation']}: {job['state']}", 2)
    say_warnings(job["result"])


def _show_accepted(job: str, request: Request) -> None:
    say_accepted(job, request)
    click.echo(f"follow it:  pvc{session().flag} task wait {job}")


def say_accepted(job: str, request: Request) -> None:
    click.echo(f"{request.operation} {' '.join(request.parts.values())}: accepted as task {job}")
