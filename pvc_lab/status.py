"""What `pvc-lab status` shows."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pvc_lab.answers import ask_all
from pvc_lab.parts import Part, parts_of
from pvc_lab.place import NodePlace
from pvc_lab.processes import Process
from pvc_lab.record import Record
from pvc_lab.view import View

TICKS_PER_S = 100
COLUMNS = ("part", "state", "answers", "pid", "since", "log")


def gather(root: Path, record: Record) -> dict[str, Any]:
    """The whole lab as one record."""
    layout = record.layout(root)
    parts = parts_of(layout, record.product)
    answers = ask_all(layout, record.connection, parts)
    view = View(layout)
    return {
        "dir": str(root),
        "address": layout.api_url,
        "swagger": layout.swagger_url,
        "connection": record.connection,
        "admin_token_file": str(layout.admin_token),
        "nodes": [_node(view, node) for node in layout.nodes],
        "parts": [_part(view, part, answers[part.name]) for part in parts],
    }


def as_text(status: dict[str, Any]) -> str:
    """The table for people."""
    nodes = [
        f"{node['name']} {node['address']}: {node['power']}, network {node['net']}"
        for node in status["nodes"]
    ]
    rows = [list(COLUMNS), *([_cell(part[column]) for column in COLUMNS] for part in status["parts"])]
    head = [f"lab in {status['dir']}", f"API {status['address']}, Swagger UI {status['swagger']}"]
    return "\n".join([*head, "", *nodes, "", *table(rows)])


def table(rows: list[list[str]]) -> list[str]:
    """Rows as lines, every column as wide as its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in lines]


def _node(view: View, node: NodePlace) -> dict[str, Any]:
    on = view.is_on(node)
    net = "none" if not on else "cut" if view.is_cut(node) else "ok"
    return {"name": node.name, "address": node.address, "power": "on" if on else "off", "net": net}


def _part(view: View, part: Part, answers: bool) -> dict[str, Any]:
    processes = view.processes_of(part)
    return {
        "part": part.name,
        "node": part.node.name if part.node else None,
        "state": view.state_of(part),
        "answers": answers,
        "pid": processes[0].pid if processes else None,
        "since": started_at(processes[0]) if processes else None,
        "log": str(part.log),
    }


def started_at(process: Process) -> str:
    """When the process started, in UTC."""
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    moment = datetime.fromtimestamp(boot + process.started / TICKS_PER_S, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
