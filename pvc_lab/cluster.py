"""Making a fresh cluster ready, through the product's own command line as its users do it."""

from __future__ import annotations

import json
from typing import Any

from pvc_lab.errors import ProgramFailed, TooSlow
from pvc_lab.layout import Layout
from pvc_lab.product import PROGRAMS
from pvc_lab.run import attempt, run
from pvc_lab.writing import write_secretly


def initialise(layout: Layout, connection: str) -> None:
    """Initialise the cluster if it is new; in any case register the connection with its admin token."""
    if not layout.admin_token.exists():
        register(layout, connection, "bootstrap")
        answer = _pvc(connection, "cluster", "init")
        write_secretly(layout.admin_token, answer["token"] + "\n")
    elif not (known_address(connection) == layout.api_url and alive_nodes(connection)):
        register(layout, connection, "admin")


def register(layout: Layout, connection: str, secret: str) -> None:
    """Register the lab with the CLI, in place of what had that name before."""
    forget(connection)
    add = ["connection", "add", connection, "--address", layout.api_url]
    run([PROGRAMS / "pvc", *add, "--token-file", str(layout.secret(secret))])


def known_address(connection: str) -> str | None:
    """Where the connection of that name leads."""
    records = json.loads(run([PROGRAMS / "pvc", "--format", "json", "connection", "list"]))
    return next((record["addresses"][0] for record in records if record["name"] == connection), None)


def forget(connection: str) -> None:
    """Take the connection away, if the CLI is there and knows it."""
    try:
        attempt([PROGRAMS / "pvc", "connection", "remove", connection, "--yes"])
    except ProgramFailed:
        return


def alive_nodes(connection: str, timeout: float = 5) -> set[str]:
    """The nodes the cluster itself calls alive; none when it cannot be asked."""
    try:
        records = _pvc(connection, "node", "list", timeout=timeout)
    except (ProgramFailed, TooSlow, ValueError):
        return set()
    return {record["name"] for record in records if record.get("alive")}


def _pvc(connection: str, *words: str, timeout: float = 20) -> Any:
    return json.loads(run([PROGRAMS / "pvc", "-c", connection, "--format", "json", *words], timeout))
