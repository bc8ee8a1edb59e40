"""Click, made ours: global options before or after the verb, groups loaded when used, errors with remedies."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pvc_cli import connections, exits
from pvc_core.errors import PvcError

if TYPE_CHECKING:
    from pvc_cli.client import Client

FORMATS = ("table", "json", "yaml")


@dataclass
class Session:
    """What the command line said, and the client it leads to."""

    connection: str | None = None
    form: str = "table"

    @cached_property
    def chosen(self) -> tuple[str, connections.Connection]:
        return connections.choose(self.connection)

    @cached_property
    def client(self) -> Client:
        from pvc_cli.client import Client

        return Client(self.chosen[1])

    @property
    def flag(self) -> str:
        """What a command shown to the user needs to reach the same cluster."""
        return f" -c {self.connection}" if self.connection else ""


def session() -> Session:
    """Of the present command line."""
    return click.get_current_context().find_root().ensure_object(Session)


def global_options(hidden: bool) -> list[click.Parameter]:
    return [
        click.Option(
            ["-c", "--connection"],
            metavar="NAME",
            expose_value=False,
            hidden=hidden,
            callback=_remember_connection,
            help="The cluster to talk to; also PVC_CONNECTION.",
        ),
        click.Option(
            ["--format"],
            type=click.Choice(FORMATS),
            expose_value=False,
            hidden=hidden,
            callback=_remember_format,
            help="How to print.",
        ),
    ]


def _remember_connection(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.find_root().ensure_object(Session).connection = value


def _remember_format(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.find_root().ensure_object(Session).form = value


class Command(click.Command):
    """A verb; takes the global options too, after its own."""

    def __init__(self, *args: Any, example: str = "", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += global_options(hidden=False)
        self.epilog = f"Example: {example}" if example else None


class Noun(click.Group):
    """A group of verbs; an alias shows in the help as such."""

    command_class = Command

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += global_options(hidden=True)
        self.aliases: dict[str, str] = {}

    def alias(self, other: str, verb: str) -> None:
        self.aliases[other] = verb

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return super().get_command(ctx, self.aliases.get(name, name))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        for other, verb in self.aliases.items():
            formatter.write_paragraph()
            formatter.write_text(f"{other} is another word for {verb}.")


class Root(click.Group):
    """The program: knows its nouns by name and loads the one that is used."""

    nouns: Mapping[str, tuple[str, str]] = {}
    """Name to module and one line of help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.nouns)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.nouns:
            return None
        command: click.Command = importlib.import_module(self.nouns[name][0]).commands
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.nouns.items()])

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        """Every end has its exit code, and no failure a traceback."""
        own = Session(os.environ.get("PVC_CONNECTION") or None)
        colour = False if os.environ.get("NO_COLOR") else None
        settings = {**settings, "standalone_mode": False, "obj": own, "color": colour}
        try:
            result = super().main(*args, **settings)
        except Exception as error:
            sys.exit(_report(error, own))
        sys.exit(result if isinstance(result, int) else exits.DONE)


def _report(error: Exception, own: Session) -> int:
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
    from pvc_cli.human import clean
    from pvc_cli.show import dump

    if form != "table":
        click.echo(dump(form, dict(error)), err=True)
        return
    click.secho(f"error: {clean(error['message'])}", err=True, fg="red")
    if error.get("remedy"):
        click.echo(f"remedy: {clean(error['remedy'])}", err=True)


def _usage(error: click.ClickException) -> dict[str, Any]:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    remedy = f"See `{ctx.command_path} --help`." if ctx else ""
    return {"code": "USAGE", "message": error.format_message(), "remedy": remedy, "details": {}}


def _unforeseen(error: Exception) -> dict[str, Any]:
    message = f"unforeseen: {type(error).__name__}: {error}"
    return {"code": "INTERNAL", "message": message, "remedy": "Please report this.", "details": {}}
