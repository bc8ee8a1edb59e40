"""pvc connection"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pvc_cli import connections
from pvc_cli.complete import complete_connections
from pvc_cli.connections import Connection
from pvc_cli.frame import Noun
from pvc_cli.generate import confirm
from pvc_cli.parameters import SEVERAL, Several
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_table
from pvc_core.errors import InvalidRequest

commands = Noun("connection", help="The clusters this program knows.")


@commands.command(
    "add",
    example=(
        "pvc connection add lab --address http://10.0.0.11:7370 --token-file token",
        "pvc connection add lab -a http://10.0.0.11:7370,http://10.0.0.12:7370",
    ),
)
@click.argument("name", metavar="NAME")
@click.option(
    "-a",
    "--address",
    "addresses",
    cls=Several,
    metavar="URL",
    required=True,
    help=f"The API's: http://HOST:7370; where it runs on several hosts, of each of them. {SEVERAL}",
)
@click.option(
    "--token-file", type=click.Path(path_type=Path), metavar="FILE", help="Read the token from a file."
)
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
def add(name: str, addresses: tuple[str, ...], token_file: Path | None, token_stdin: bool) -> None:
    """Remember a cluster, under a name of your choice.

    Of several addresses, the one that answered last is asked first; when it does not answer, the next is.

    Without --token-file or --token-stdin you are asked for the token. It is never taken from the command
    line, where other users of this machine could read it.
    """
    first, *others = dict.fromkeys(addresses)
    connection = Connection(first, _token(token_file, token_stdin), tuple(others))
    connections.add(name, connection)
    record = _record(name, connection)
    emit(session().form, record, lambda: click.echo(f"connection {name} to {_listed(record)} added"))


@commands.command("list", example="pvc connection list")
def list_connections() -> None:
    """The clusters known, without their tokens."""
    known = [_record(name, connection) for name, connection in connections.load().items()]
    columns = [Column("NAME", "name", whole=True), Column("ADDRESSES", _listed)]
    emit(
        session().form,
        known,
        lambda: show_table(known, columns, "no connections; see pvc connection add --help"),
    )


@commands.command("remove", example="pvc connection remove lab --yes")
@click.argument("name", metavar="NAME", shell_complete=complete_connections)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> None:
    """Forget a cluster and its token."""
    if name in connections.load() and not yes:
        confirm(f"forget the cluster {name} and its token", cluster=False)
    connections.remove(name)
    emit(session().form, {"name": name}, lambda: click.echo(f"connection {name} removed"))


def _record(name: str, connection: Connection) -> dict[str, Any]:
    return {"name": name, "addresses": list(connection.addresses)}


def _listed(record: dict[str, Any]) -> str:
    return ", ".join(record["addresses"])


def _token(file: Path | None, stdin: bool) -> str:
    if file and stdin:
        raise InvalidRequest("--token-file and --token-stdin exclude each other", "Give one of them.")
    token = (_read(file) if file else sys.stdin.read() if stdin else _ask()).strip()
    if not token or not token.isascii() or any(char.isspace() for char in token):
        raise InvalidRequest("that is not a token", "A token is one word, without spaces.")
    return token


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}", "Check the path.") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is not text", "Check the path.") from None


def _ask() -> str:
    if not sys.stdin.isatty():
        raise InvalidRequest(
            "there is no terminal to ask for the token", "Use --token-file or --token-stdin."
        )
    token: str = click.prompt("token", hide_input=True, err=True)
    return token
