"""pvc cluster"""

from __future__ import annotations

from typing import Any

import click

from pvc_cli import connections
from pvc_cli.frame import Noun
from pvc_cli.session import session
from pvc_cli.show import emit
from pvc_core.errors import Unreachable
from pvc_core.model.operations import InitCluster

LOST = "Make a new one with `pvc-api --issue-token NAME` on a coordinator, and put it into the connection."

commands = Noun("cluster", help="The cluster itself.")


@commands.command("init", example="pvc -c lab cluster init", help=InitCluster.__doc__)
@click.option("--reason", metavar="TEXT", default="", help="Why; for the record.")
def init(reason: str) -> None:
    own = session()
    name, _ = own.chosen
    job = own.client.submit(InitCluster.method, str(InitCluster.url), {"reason": reason})
    result: dict[str, Any] = job["result"]
    if "token" not in result:
        raise Unreachable("the cluster is initialised, but the answer that held its token was lost", LOST)
    connections.store_token(name, result["token"])
    emit(own.form, result, lambda: _show(job["text"], result["token"], name))


def _show(text: str, token: str, connection: str) -> None:
    click.echo(text)
    click.echo(f"admin token: {token}")
    click.echo(f"It is shown only now, and kept in the connection {connection}.")
