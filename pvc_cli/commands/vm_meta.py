"""pvc vm meta"""

from __future__ import annotations

from typing import Any

from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.show import Column
from pvc_core.model.operations import MetaVm

Record = dict[str, Any]

CONFIGURED = "as configured"

CRASH = {None: CONFIGURED, True: "started again", False: "left down"}

EXAMPLES = (
    "pvc vm meta web1 --autorestart --description 'shop, front'",
    "pvc vm meta web1 --node-limit hv1 --node-limit hv2",
    "pvc vm meta web1 --no-autorestart --reset node-limit",
)


TAGS = Column("TAGS", lambda vm: ", ".join(tag["name"] for tag in vm["spec"]["tags"]), optional=True)

COLUMNS = [
    Column("LIMIT", lambda vm: ",".join(vm["spec"]["node_limit"]) or "all"),
    Column("SELECT", lambda vm: vm["spec"]["node_selector"]),
    Column("AUTO", lambda vm: _yes(vm["spec"]["autorestart"])),
    Column("METHOD", lambda vm: vm["spec"]["migration_method"]),
    Column("PAUSE", lambda vm: vm["spec"]["max_downtime_ms"]),
    TAGS,
    Column("DESCRIPTION", lambda vm: vm["spec"]["description"], full=True),
]
"""Of `vm list --wide`; AUTO is autorestart, PAUSE the longest a migration may make, in ms."""


def pairs(spec: Record) -> list[tuple[str, Any]]:
    """All of it for `vm info`, but the description."""
    return [
        ("allowed nodes", ", ".join(spec["node_limit"]) or "all"),
        ("node selector", spec["node_selector"]),
        ("autorestart", _yes(spec["autorestart"])),
        ("migration", _migration(spec)),
        ("shutdown", _shutdown(spec)),
        ("after a crash", CRASH[spec["restart_on_crash"]]),
        ("console lines", spec["console_lines"] or CONFIGURED),
    ]


def _migration(spec: Record) -> str:
    downtime = spec["max_downtime_ms"]
    pause = f"a pause of at most {downtime} ms" if downtime else f"the pause {CONFIGURED}"
    return f"{spec['migration_method']}, {pause}, {'also' if spec['post_copy'] else 'never'} by post-copy"


def _shutdown(spec: Record) -> str:
    seconds = spec["shutdown_timeout_s"]
    patience = f"within {seconds} s" if seconds else f"in the time {CONFIGURED}"
    return f"{patience}, else {'stopped' if spec['on_shutdown_timeout'] == 'stop' else 'left running'}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def add_to(commands: Noun) -> None:
    commands.add_command(submits(MetaVm, EXAMPLES))
