"""Failures as the user sees them: a sentence, a remedy, an exit code; never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from pvc_cli import exits
from pvc_cli.session import Session
from pvc_core.errors import PvcError

INDENT = 2


def report(error: Exception, own: Session) -> int:
    """Says what went wrong, on stderr; returns the exit code."""
    if isinstance(error, click.Abort):
        click.echo("stopped", err=True)
        return exits.INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has enough; the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.DONE
    if isinstance(error, PvcError):
        say_error(error.as_dict(), own.form)
        return exits.for_error(error)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return exits.INVALID
    if isinstance(error, click.ClickException):
        say_error(_usage(error), own.form)
        return exits.INVALID
    say_error(_unforeseen(error), own.form)
    return exits.FAILED


def say_error(error: Mapping[str, Any], form: str) -> None:
    """As a sentence and its remedy, or as the object it is."""
    from pvc_cli.show import dump, show_text

    if form != "table":
        click.echo(dump(form, dict(error)), err=True)
        return
    show_text(f"error: {error['message']}", INDENT, err=True, fg="red")
    if error.get("remedy"):
        show_text(f"remedy: {error['remedy']}", INDENT, err=True)


def say_warnings(result: Mapping[str, Any]) -> None:
    """Of a change that was made all the same."""
    from pvc_cli.show import show_text

    for warning in result.get("warnings", ()):
        show_text(f"warning: {warning}", INDENT, err=True, fg="yellow")


def _usage(error: click.ClickException) -> dict[str, Any]:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    remedy = f"See `{ctx.command_path if ctx else 'pvc'} --help`."
    return {"code": "USAGE", "message": error.format_message(), "remedy": remedy, "details": {}}


def _unforeseen(error: Exception) -> dict[str, Any]:
    message = f"unforeseen: {type(error).__name__}: {error}"
    return {"code": "INTERNAL", "message": message, "remedy": "Please report this.", "details": {}}
