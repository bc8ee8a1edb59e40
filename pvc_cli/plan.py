"""What an operation would do, each step with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pvc_cli.human import clean
from pvc_cli.show import Column, heading, show_table, show_text

Record = dict[str, Any]

INDENT = 6
NONE: Mapping[str, list[str]] = {}


def show_plan(plan: Record, command: str) -> None:
    """Nothing was changed by asking for it; `command` does it."""
    click.echo(clean(plan.get("text") or f"{plan['operation']}: the plan"))
    if plan["steps"]:
        heading("Would do")
        columns = [
            Column("DO", "do"),
            Column("VM", "vm"),
            Column("WHERE", _where),
            Column("BECAUSE", "reason", full=True),
        ]
        show_table(plan["steps"], columns, "")
    if plan["blocked"] and not plan.get("refused"):
        heading("Would be left")
        show_left(plan["blocked"])
    if plan.get("refused"):
        heading("Why not elsewhere")
        for node in plan["refused"]:
            _show_refusal(node["node"], node)
    click.echo("\nThis was a dry run: nothing was changed.")
    if plan.get("plan_id"):
        click.echo(f"exactly this:  {command} --plan-id {plan['plan_id']}")


def show_left(left: list[Record], more: Mapping[str, list[str]] = NONE) -> None:
    """VMs that stay where they are: why, and what would help; `more` by code, where they are too many."""
    for vm in left:
        _show_refusal(f"left: {vm['vm']}", vm)
    for code, names in more.items():
        show_text(f"left as well: {', '.join(names)}  {code}", INDENT)


def _show_refusal(what: str, why: Record) -> None:
    show_text(f"{what}  {why['code']}  {why['message']}", INDENT)
    if why.get("remedy"):
        show_text(f"{' ' * INDENT}remedy: {why['remedy']}", 2 * INDENT)


def _where(step: Record) -> str:
    if step.get("target"):
        return f"{step.get('source', '')} -> {step['target']}".strip()
    return str(step.get("node") or step.get("volume") or "")
