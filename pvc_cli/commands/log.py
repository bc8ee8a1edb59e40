"""pvc vm log, pvc node log"""

from __future__ import annotations

import sys
from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.complete import complete_nodes, complete_vms
from pvc_cli.frame import Command
from pvc_cli.session import session
from pvc_cli.show import dump
from pvc_cli.tail import follow_log, printable

Record = dict[str, Any]

FIRST_LINES = 20
"""Shown of the past when a log is followed, unless more are asked for."""


def _options(command: Any) -> Any:
    lines = click.option(
        "-l", "--lines", type=click.IntRange(1, 10_000), metavar="N", help="Only the last N lines."
    )
    follow = click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
    return lines(follow(command))


@click.command("log", cls=Command, example=("pvc vm log web1 --lines 50", "pvc vm log web1 --follow"))
@click.argument("vm", metavar="VM", shell_complete=complete_vms)
@_options
def vm_log(vm: str, lines: int | None, follow: bool) -> None:
    """What a VM printed on its serial console, in the pager.

    With --follow it goes on through migrations of the VM and restarts of the API; should lines be lost
    because more came than is kept, their number is said.
    """
    _show(path_of("/vm/<vm>/console", vm=vm), lines, follow)


@click.command("log", cls=Command, example=("pvc node log hv1 --lines 50", "pvc node log hv1 --follow"))
@click.argument("node", metavar="NODE", shell_complete=complete_nodes)
@_options
def node_log(node: str, lines: int | None, follow: bool) -> None:
    """What a node's worker wrote to its log, in the pager."""
    _show(path_of("/node/<node>/log", node=node), lines, follow)


def _show(path: str, lines: int | None, follow: bool) -> None:
    own = session()
    if follow:
        follow_log(own.client, path, lines or FIRST_LINES, own.form)
        return
    found = own.client.get(path, lines=lines)
    if own.form != "table":
        click.echo(dump(own.form, found))
    elif not (found["lines"] or found["partial"]):
        click.echo(f"nothing to show{': ' if found['note'] else ''}{found['note']}", err=True)
    else:
        _page(found)


def _page(found: Record) -> None:
    text = "".join(f"{printable(line)}\n" for line in [*found["lines"], *_begun(found)])
    if on_terminal():
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False)


def _begun(found: Record) -> list[str]:
    """A prompt, say."""
    return [found["partial"]] if found["partial"] else []


def on_terminal() -> bool:
    return sys.stdout.isatty()
