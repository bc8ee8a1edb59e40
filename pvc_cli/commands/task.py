"""pvc task"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click

from pvc_cli.client import path_of
from pvc_cli.complete import complete_job_states, complete_operations, complete_tasks
from pvc_cli.display import show_end
from pvc_cli.follow import follow_to_end
from pvc_cli.frame import Noun
from pvc_cli.generate import confirm
from pvc_cli.human import age, clock, duration
from pvc_cli.sentence import counted, pace, what
from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_pairs, show_table, show_text
from pvc_cli.width import terminal_width

Record = dict[str, Any]

ROOMY = 110

commands = Noun("task", help="Tasks: what was asked, how far it is, how it ended.")


@commands.command("list", example="pvc task list --state unfinished")
@click.option(
    "--state",
    metavar="STATE",
    help="A state, or: unfinished, finished.",
    shell_complete=complete_job_states,
)
@click.option(
    "--operation",
    metavar="NAME",
    help="What was asked, as node.flush.",
    shell_complete=complete_operations,
)
@click.option("--object", "subject", metavar="OBJECT", help="What it is about: node:NAME or vm:NAME.")
@click.option("--parent", metavar="ID", help="Only the children of this task.", shell_complete=complete_tasks)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most."
)
@click.option(
    "--before",
    metavar="ID",
    help="Only those older than this task: the next page.",
    shell_complete=complete_tasks,
)
def list_tasks(**filters: Any) -> None:
    """Tasks, newest first."""
    own = session()
    jobs = own.client.get("/task", object=filters.pop("subject"), **filters)
    emit(own.form, jobs, lambda: show_table(jobs, COLUMNS, "no task matches"))


@commands.command("info", example="pvc task info 20261121t101500-0f3k9d2a")
@click.argument("task", metavar="ID", shell_complete=complete_tasks)
def info(task: str) -> None:
    """One task: who asked and why, where it stands, how it ended."""
    own = session()
    job = own.client.get(path_of("/task/<task>", task=task))
    emit(own.form, job, lambda: _show(job))


@commands.command("log", example="pvc task log 20261121t101500-0f3k9d2a")
@click.argument("task", metavar="ID", shell_complete=complete_tasks)
def log(task: str) -> None:
    """What a task did, step by step."""
    own = session()
    found = own.client.get(path_of("/task/<task>/log", task=task))
    emit(own.form, found, lambda: _show_log(found))


@commands.command("wait", example="pvc task wait 20261121t101500-0f3k9d2a --timeout 600")
@click.argument("task", metavar="ID", shell_complete=complete_tasks)
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
@click.argument("task", metavar="ID", shell_complete=complete_tasks)
@click.option("--reason", metavar="TEXT", default="", help="Why; for the record.")
@click.option("--force", is_flag=True, help="End it even where nobody can be asked to stop; asks first.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def cancel(task: str, reason: str, force: bool, yes: bool) -> None:
    """Stop a task; what was done stays done or is undone, and the task says which.

    With --force it is ended by the records alone: what it had under way on a node may go on, seen by nobody.
    """
    own = session()
    if force and not yes:
        confirm(f"end task {task} by force, whatever it has under way")
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
    Column("ID", "id", whole=True),
    Column("STATE", "state", whole=True),
    Column("AGE", lambda job: duration(time.time() - job["created"]), whole=True),
    Column("TASK", lambda job: f"{job['operation']} {job['about']}".strip()),
    Column("DETAIL", lambda job: _detail(job), full=True),
]


def _detail(job: Record) -> str:
    """Where the lines are short, only what is under way or went wrong is worth one of its own."""
    if job["state"] == "succeeded" and terminal_width() < ROOMY:
        return ""
    return " ".join([*counted(job), what(job)])


def _show(job: Record) -> None:
    error = job.get("error") or {}
    show_pairs(
        [
            ("task", job["id"]),
            ("operation", _asked(job)),
            ("asked by", f"{job['actor']} from {job['source'] or 'this cluster'}, {clock(job['created'])}"),
            ("reason", job["reason"]),
            ("part of", job["parent"]),
            ("state", job["state"]),
            ("where", what(job)),
            ("progress", "  ".join(counted(job) if job["finished"] else [*counted(job), *pace(job)])),
            ("stood still", _stood_still(job)),
            ("waits", _waits(job)),
            ("queue", job["queue"] if job["queue"] != "none" else ""),
            ("worker", job["worker"]),
            ("took", duration(job["finished"] - job["created"]) if job["finished"] else ""),
            ("deadline", "" if job["finished"] else clock(job["deadline"])),
            ("cancelled by", job["cancel"] and f"{job['cancel']['actor']} {job['cancel']['reason']}".strip()),
            ("error", error.get("message")),
            ("remedy", error.get("remedy")),
            *(("warning", warning) for warning in job["result"].get("warnings", [])),
            *(("left", left) for left in _left(job["result"])),
        ]
    )


def _left(result: Record) -> Iterator[str]:
    yield from (f"{vm['vm']}  {vm['code']}  {vm['message']}" for vm in result.get("left", []))
    yield from (f"{', '.join(names)}  {code}" for code, names in result.get("left_more", {}).items())


def _asked(job: Record) -> str:
    """The operation with what was said of it; of a VM, its name and what is meant by it."""
    fields = job["fields"] | (
        {"vm": f"{job['about']} ({job['fields']['vm']})"} if "vm" in job["fields"] else {}
    )
    parts = [f"{name}={_word(value)}" for name, value in fields.items() if value not in (None, [], False)]
    return f"{job['operation']}: {', '.join(parts)}" if parts else str(job["operation"])


def _word(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_word, value))
    if isinstance(value, dict):
        return str(value.get("name", value))
    return "yes" if value is True else str(value)


def _waits(job: Record) -> str:
    """For whom, since when, until when."""
    waiting = job.get("waiting")
    if not waiting or job["finished"]:
        return ""
    return f"{waiting['kind']}: {waiting['on']}, since {age(waiting['since'])}{_until(waiting)}"


def _until(waiting: Record) -> str:
    """What waits for a time goes on then; anything else is given up at its deadline."""
    if waiting["kind"] == "time" and waiting.get("until"):
        return f", until {clock(waiting['until'])}"
    return f", at the latest until {clock(waiting['deadline'])}" if waiting["deadline"] else ""


def _stood_still(job: Record) -> str:
    """The guest of a migration that has ended."""
    downtime = job["result"].get("downtime_ms")
    return "" if downtime is None else f"its guest, for {downtime} ms"


def _show_log(log: Record) -> None:
    if log["dropped"]:
        click.echo(f"({log['dropped']} older lines are gone)")
    for line in log["lines"]:
        show_text(f"{clock(line['at'])}  {line['text']}", len(clock(0)) + 2)
