"""What an operation would do, each step with its reason."""

from __future__ import annotations

from typing import Any

import click

from pvc_cli.human import clean
from pvc_cli.show import Column, heading, show_table

Record = dict[str, Any]


def show_plan(plan: Record) -> None:
    """Nothing was changed by asking for it."""
    click.echo(clean(plan.get("text") or f"{plan['operation']}: the plan"))
    if plan["steps"]:
        heading("Would do")
        columns = [
            Column("DO", "do"),
            Column("VM", "vm"),
            Column("WHERE", _where),
            Column("BECAUSE", "reason"),
        ]
        show_table(plan["steps"], columns, "")
    if plan["blocked"]:
        heading("Would be left")
        show_left(plan["blocked"])
    click.echo("\nThis was a dry run: nothing was changed.")


def show_left(left: list[Record]) -> None:
    """VMs that stay where they are: why, and what would help."""
    for vm in left:
        click.echo(f"left: {clean(vm['vm'])}  {vm['code']}  {clean(vm['message'])}")
        if vm.get("remedy"):
            click.echo(f"      remedy: {clean(vm['remedy'])}")


def _where(step: Record) -> str:
    if step.get("target"):
        return f"{step.get('source', '')} -> {step['target']}".strip()
    return str(step.get("node") or "")
