"""The restart that a change of a running VM may need: asked for beforehand, offered, or left to its admin."""

from __future__ import annotations

import sys
from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.exits import TimedOut
from pvc_cli.exits import for_job as exit_code
from pvc_cli.follow import watch
from pvc_cli.generate import at_terminal
from pvc_cli.session import session
from pvc_cli.submit import Request, say_accepted, send, show_accepted, submit
from pvc_core.errors import InvalidRequest
from pvc_core.model.operations import RestartVm

Record = dict[str, Any]

SOON_S = 10.0
"""How long a change is waited for at a terminal, so that the restart can be offered."""

OPTIONS: tuple[click.Parameter, ...] = (
    click.Option(["-r", "--restart"], is_flag=True, help="Restart it afterwards, if the change needs that."),
    click.Option(["-y", "--yes", "sure"], is_flag=True, help="Do not ask before the restart."),
)


def change_and_offer(request: Request, wait: bool, timeout: float | None, then: Any) -> None:
    """A change of a VM; the restart it may need is asked for at a terminal."""
    given = click.get_current_context().params
    restart, sure = given["restart"], given["sure"]
    check_answerable(restart, sure)
    patient = wait or restart or timeout is not None
    job = send(request)
    if not (patient or at_terminal()):
        show_accepted(job, request)
        return
    if session().form == "table":
        say_accepted(job["id"], request)
    try:
        ended = watch(job["id"], timeout if patient else SOON_S)
    except TimedOut:
        if patient:
            raise
        click.echo(f"follow it:  pvc{session().flag} task wait {job['id']}")
        return
    if ended["result"].get("restart_needed"):
        offer(request.parts["vm"], restart, sure, wait or timeout is not None)
    sys.exit(exit_code(ended))


def offer(vm: str, restart: bool, sure: bool, wait: bool) -> None:
    """Restart a VM that runs on with what it had: as asked for, or if whoever is at the terminal says so.

    Who wants no question, and did not ask for a restart, gets none.
    """
    if not restart and (sure or not at_terminal()):
        return
    if not runs(vm):
        if restart:
            click.echo(f"{vm} does not run; nothing to restart", err=True)
    elif (restart and sure) or click.confirm(f"{vm} runs on with what it had: restart it now?", err=True):
        asked = Request(RestartVm.name, RestartVm.method, RestartVm.url or "", {"vm": vm}, {})
        submit(asked, wait, None, None)
    else:
        click.echo(f"{vm} runs on with what it had: pvc{session().flag} vm restart {vm}", err=True)


def runs(vm: str) -> bool:
    found: Record = session().client.get(path_of("/vm/<vm>", vm=vm))
    return bool(found["spec"]["state"] == "start")


def check_answerable(restart: bool, sure: bool) -> None:
    """Before anything is changed: who asks for a restart is asked again, and must be there to answer."""
    if restart and not sure and not sys.stdin.isatty():
        raise InvalidRequest("--restart asks before it acts, and there is no terminal", "Repeat with --yes.")
