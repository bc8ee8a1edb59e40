"""What the command line said about the cluster and the format, before or after the verb."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import click

from pvc_cli import connections
from pvc_cli.complete import complete_connections

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


def global_options(hidden: bool, short: bool = False) -> list[click.Parameter]:
    """`short`: with one letter for the format."""
    return [
        click.Option(
            ["-c", "--connection"],
            metavar="NAME",
            expose_value=False,
            hidden=hidden,
            callback=_remember_connection,
            shell_complete=complete_connections,
            help="The cluster to talk to; also PVC_CONNECTION.",
        ),
        click.Option(
            ["-f", "--format"] if short else ["--format"],
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
