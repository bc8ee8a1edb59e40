"""A command for an operation, made from the operation's own class.

Path parameters become arguments, other fields options with their bounds, choices and help; only what the
user gave is sent, so that the defaults are the API's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pvc_cli.exits import Declined
from pvc_cli.frame import Command
from pvc_cli.parameters import PROTECTED_TAGS, parameters
from pvc_cli.session import session
from pvc_cli.submit import Request, submit
from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import Operation

Shown = Callable[[dict[str, Any]], None]


def submits(
    operation: type[Operation],
    example: str | Sequence[str],
    then: Shown | None = None,
    by: Callable[[Request, bool, float | None, Shown | None], None] = submit,
    question: Callable[[Request], str] | None = None,
    more: Sequence[click.Parameter] = (),
) -> Command:
    """The command of an operation; `then` shows the finished job of an immediate one, `by` sends it, and may
    have `more` options of its own; `question` says what a destructive one would do."""
    verb = operation.name.rpartition(".")[2]
    path = _path(operation)

    def run(**given: Any) -> None:
        request = request_of(operation, given)
        if operation.asks_before(request.fields) and not given["yes"]:
            confirm((question or _asked)(request))
        by(request, given.get("wait", False), given.get("timeout"), then)

    fields = operation.model_fields.items()
    params = [
        param for name, field in fields for param in parameters(name, field, name in path, operation.partial)
    ]
    ordered = sorted(params, key=lambda param: isinstance(param, click.Option))
    return Command(
        verb,
        callback=run,
        params=[*ordered, *more, *_common(operation)],
        help=operation.__doc__,
        example=example,
        alias=operation.alias,
    )


def _asked(request: Request) -> str:
    return f"{request.operation.replace('.', ' ')} {' '.join(request.parts.values())}"


def planned(request: Request) -> str:
    """What a dry run says; raises what would refuse it."""
    fields = {**request.fields, "dry_run": True}
    return str(session().client.submit(request.method, request.path, fields)["text"])


def _path(operation: type[Operation]) -> list[str]:
    """Fields that are in its address."""
    return re.findall(r"<(\w+)>", operation.url or "")


def request_of(operation: type[Operation], given: Mapping[str, Any]) -> Request:
    """From what the command line says, by the names of the command's parameters."""
    own = {name: given.get(name) for name in operation.model_fields}
    if PROTECTED_TAGS in given:
        own["tags"] = _tags(given["tags"], given[PROTECTED_TAGS])
    fields = {name: _sent(value) for name, value in own.items() if value not in (None, ())}
    parts = {name: str(fields.pop(name)) for name in _path(operation)}
    if given.get("reason"):
        fields["reason"] = given["reason"]
    return Request(operation.name, operation.method, operation.url or "", parts, fields)


def _sent(value: Any) -> Any:
    if isinstance(value, Path):
        return read_file(value)
    return list(value) if isinstance(value, tuple) else value


def _tags(plain: tuple[str, ...], protected: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    kinds = ((plain, False), (protected, True))
    return tuple({"name": name, "protected": kind} for names, kind in kinds for name in names)


def read_file(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}", "Check the path.") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is not UTF-8 text", "Give the domain XML as text.") from None


def _common(operation: type[Operation]) -> list[click.Parameter]:
    """What every operation's command takes besides its fields."""
    common: list[click.Parameter] = [click.Option(["--reason"], metavar="TEXT", help="Why; for the record.")]
    if not operation.immediate:
        common.append(click.Option(["-w", "--wait"], is_flag=True, help="Follow the task to its end."))
        common.append(_wait_timeout("timeout_s" in operation.model_fields))
    if operation.destructive or operation.destructive_with:
        common.append(click.Option(["-y", "--yes"], is_flag=True, help="Do not ask."))
    return common


def _wait_timeout(taken: bool) -> click.Option:
    """Called --timeout too, unless the operation has a time limit of its own."""
    names = ["timeout", "--wait-timeout"] if taken else ["timeout", "--timeout", "--wait-timeout"]
    seconds = click.FloatRange(min=0, min_open=True)
    return click.Option(names, type=seconds, metavar="S", help="Stop waiting after S seconds (exit code 10).")


def confirm(what: str, cluster: bool = True) -> None:
    """Raises Declined; where nobody can answer, refuses. The question names the cluster it is about."""
    if not sys.stdin.isatty():
        raise InvalidRequest(
            f"{what}: this asks before it acts, and there is no terminal", "Repeat with --yes."
        )
    where = f" (connection {session().chosen[0]})" if cluster else ""
    if not click.confirm(f"{what}{where}: go on?", err=True):
        raise Declined(f"{what}: not confirmed, nothing was changed")


def at_terminal() -> bool:
    """Whether somebody can be asked, and sees what for."""
    return sys.stdin.isatty() and sys.stdout.isatty()
