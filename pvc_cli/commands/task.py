"""pvc task"""

from __future__ import annotations

import time
from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.display import show_end
from pvc_cli.follow import follow_to_end
from pvc_cli.frame import Noun
from pvc_cli.human import age, clean, clock, duration
from pvc_cli.sentence import counted, what
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_pairs, show_table

Record = dict[str, Any]

commands = Noun("task", help="Tasks: what was asked, how far it is, how it ended.")


@commands.command("list", example="pvc task list --state unfinished")
@click.option("--state", metavar="STATE", help="A state, or: unfinished, finished.")
@click.option("--operation", metavar="NAME", help="What was asked, as node.flush.")
@click.option("--object", "subject", metavar="OBJECT", help="What it is about: node:NAME or vm:NAME.")
@click.option("--parent", metavar="ID", help="Only the children of this task.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most."
)
@click.option("--before", metavar="ID", help="Only those older than this task: the next page.")
def list_tasks(**filters: Any) -> None:
    """Tasks, newest first."""
    own = session()
    jobs = own.client.get("/task", object=filters.pop("subject"), **filters)
    emit(own.form, jobs, lambda: show_table(jobs, COLUMNS, "no task matches"))


@commands.command("info", example="pvc task info 20261121t101500-0f3k9d2a")
@click.argument("task", metavar="ID")
def info(task: str) -> None:
    """One task: who asked and why, where it stands, how it ended."""
    own = session()
    job = own.client.get(path_of("/task/<task>", task=task))
    emit(own.form, job, lambda: _show(job))


@commands.command("log", example="pvc task log 20261121t101500-0f3k9d2a")
@click.argument("task", metavar="ID")
def log(task: str) -> None:
    """What a task did, step by step."""
    own = session()
    found = own.client.get(path_of("/task/<task>/log", task=task))
    emit(own.form, found, lambda: _show_log(found))


@commands.command("wait", example="pvc task wait 20261121t101500-0f3k9d2a --timeout 600")
@click.argument("task", metavar="ID")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Stop waiting after S seconds.",
)
def wait(task: str, timeout: float | None) -> None:
    """Follow a task to its end; the exit code says how it ended.

    0 done, 6 partial or blocked, 8 failed, 9 cancelled, 10 still going on when the time was over.
    """
    follow_to_end(task, timeout)


@commands.command("cancel", example="pvc task cancel 20261121t101500-0f3k9d2a --reason 'wrong node'")
@click.argument("task", metavar="ID")
@click.option("--reason", metavar="TEXT", default="", help="Why; for the record.")
@click.option("--force", is_flag=True, help="End it even where nobody can be asked to stop.")
def cancel(task: str, reason: str, force: bool) -> None:
    """Stop a task; what was done stays done or is undone, and the task says which."""
    own = session()
    body = {"reason": reason, "force": force}
    job = own.client.submit("POST", path_of("/task/<task>/cancel", task=task), body)
    emit(own.form, job, lambda: _show_cancel(job))


def _show_cancel(job: Record) -> None:
    if job["finished"]:
        show_end(job)
        return
    click.echo(f"task {job['id']} is {job['state']}")
    click.echo(f"follow it:  pvc{session().flag} task wait {job['id']}")


COLUMNS = [
    Column("ID", "id"),
    Column("OPERATION", "operation"),
    Column("ABOUT", "about"),
    Column("STATE", "state"),
    Column("AGE", lambda job: duration(time.time() - job["created"])),
    Column("DETAIL", lambda job: " ".join([*counted(job), what(job)])),
]


def _show(job: Record) -> None:
    error = job.get("error") or {}
    given = {name: value for name, value in job["fields"].items() if value not in (None, [], False)}
    show_pairs(
        [
            ("job", job["id"]),
            (
                "operation",
                f"{job['operation']}: {', '.join(f'{key}={value}' for key, value in given.items())}",
            ),
            ("asked by", f"{job['actor']} from {job['source'] or 'this cluster'}, {clock(job['created'])}"),
            ("reason", job["reason"]),
            ("part of", job["parent"]),
            ("state", job["state"]),
            ("where", what(job)),
            ("progress", " ".join(counted(job))),
            ("waits", _waits(job)),
            ("queue", job["queue"]),
            ("worker", job["worker"]),
            ("took", duration(job["finished"] - job["created"]) if job["finished"] else ""),
            ("deadline", "" if job["finished"] else clock(job["deadline"])),
            ("cancelled by", job["cancel"] and f"{job['cancel']['actor']} {job['cancel']['reason']}".strip()),
            ("error", error.get("message")),
            ("remedy", error.get("remedy")),
            *(("left", f"{vm['vm']}  {vm['code']}  {vm['message']}") for vm in job["result"].get("left", [])),
        ]
    )


def _waits(job: Record) -> str:
    """For whom, since when, until when."""
    waiting = job.get("waiting")
    if not waiting or job["finished"]:
        return ""
    until = f", at the latest until {clock(waiting['deadline'])}" if waiting["deadline"] else ""
    return f"{waiting['kind']}: {waiting['on']}, since {age(waiting['since'])}{until}"


def _show_log(log: Record) -> None:
    if log["dropped"]:
        click.echo(f"({log['dropped']} older lines are gone)")
    for line in log["lines"]:
        click.echo(f"{clock(line['at'])}  {clean(line['text'])}")
