"""Click, made ours: verbs with an example, nouns with aliases, a program that loads only what is used."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from pvc_cli import exits
from pvc_cli.report import report
from pvc_cli.session import Session, global_options

SHOWING = frozenset({"list", "info", "get", "status"})
"""Verbs that only show; what they show may be formatted by `-f` too."""


class Command(click.Command):
    """A verb; takes the global options too, after its own."""

    def __init__(
        self, *args: Any, example: str | Sequence[str] = "", alias: str | None = None, **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.alias = alias
        self.params += global_options(hidden=False, short=self.name in SHOWING)
        self.epilog = _examples([example] if isinstance(example, str) else example)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click does not say whose option it was that lacks its argument."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise


def _examples(examples: Sequence[str]) -> str:
    """One to a line, for copying: never wrapped."""
    return "\b\n" + "\n".join(f"Example: {example}" for example in examples if example)


class Noun(click.Group):
    """A group of verbs; an alias shows in the help as such."""

    command_class = Command

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += global_options(hidden=True)
        self.aliases: dict[str, str] = {}

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        super().add_command(cmd, name)
        if isinstance(cmd, Command) and cmd.alias is not None and cmd.name is not None:
            self.aliases[cmd.alias] = cmd.name

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return super().get_command(ctx, self.aliases.get(name, name))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        for other, verb in self.aliases.items():
            formatter.write_paragraph()
            formatter.write_text(f"{other} is another word for {verb}.")


def _speak_utf8() -> None:
    """With files and programs, whatever the locale; a terminal is shown a ? for what it does not know."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="strict" if stream is sys.stdin else "replace")


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
        _speak_utf8()
        try:
            result = super().main(*args, **settings)
        except Exception as error:
            sys.exit(report(error, own))
        sys.exit(result if isinstance(result, int) else exits.DONE)
