"""pvc status"""

from __future__ import annotations

from typing import Any

import click

from pvc_cli.frame import Command
from pvc_cli.human import age
from pvc_cli.session import session
from pvc_cli.show import emit, heading, paint, show_pairs, show_text

Record = dict[str, Any]


@click.command(cls=Command, name="status", example="pvc status --format json")
def commands() -> None:
    """The cluster at a glance, faults first."""
    own = session()
    found = own.client.get("/status")
    emit(own.form, found, lambda: _show(found))


def _show(status: Record) -> None:
    click.echo(f"{click.style(status['cluster'], bold=True)} is {paint(status['health'])}")
    for fault in status["faults"]:
        show_text(f"  {fault['code']}  {fault['subject']}: {fault['message']}", 4, fg="red")
        show_text(f"    remedy: {fault['remedy']}", 6)
    heading("Now")
    show_pairs(
        [
            ("nodes", _counts(status["nodes"])),
            ("maintenance", ", ".join(status["maintenance"])),
            ("vms", _counts(status["vms"])),
            ("tasks", _counts(status["jobs"]) or "none under way"),
            *(("lock", _lock(lock)) for lock in status["locks"] if lock["owner"]),
            ("PVC", status["pvc_version"]),
        ]
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def _lock(lock: Record) -> str:
    waiting = f", {len(lock['waiters'])} in line" if lock["waiters"] else ""
    return f"{lock['name']}: task {lock['owner']}, since {age(lock['since'])}{waiting}"
