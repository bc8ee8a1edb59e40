"""pvc node"""

from __future__ import annotations

from typing import Any, get_args

import click

from pvc_cli.client import path_of
from pvc_cli.commands.log import node_log
from pvc_cli.complete import complete_nodes
from pvc_cli.frame import Noun
from pvc_cli.generate import submits
from pvc_cli.human import age, gib
from pvc_cli.session import session
from pvc_cli.show import Column, emit, heading, show_pairs, show_table
from pvc_core.model.node import NodeState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.views import CoordinatorState, DaemonState

Record = dict[str, Any]

commands = Noun("node", help="Hypervisors: list, flush, take back into service.")

commands.add_command(submits(FlushNode, example="pvc node flush hv1 --wait --reason 'kernel update'"))
commands.add_command(submits(ReadyNode, example="pvc node ready hv1 --wait"))
commands.add_command(node_log)


@commands.command("list", example=("pvc node list", "pvc node list 'hv*' --daemon-state dead"))
@click.argument("limit", metavar="[LIMIT]", required=False, shell_complete=complete_nodes)
@click.option(
    "-ds",
    "--daemon-state",
    type=click.Choice(get_args(DaemonState)),
    help="Only those whose agent and worker are there: both, the agent alone, or none.",
)
@click.option(
    "-cs",
    "--coordinator-state",
    type=click.Choice(get_args(CoordinatorState)),
    help="Only those that work for the whole cluster too, or do not.",
)
@click.option(
    "-vs",
    "--domain-state",
    type=click.Choice([str(state) for state in NodeState]),
    help="Only those that take VMs (ready), or are closed to them.",
)
def list_nodes(limit: str | None, **filters: str | None) -> None:
    """Nodes by name; LIMIT is a name or a pattern with * and ?."""
    own = session()
    nodes = own.client.get("/node", name=limit, **filters)
    narrowed = limit is not None or any(filters.values())
    empty = "no node matches" if narrowed else "no node has reported yet"
    emit(own.form, nodes, lambda: show_table(nodes, COLUMNS, empty))


@commands.command("info", example="pvc node info hv1")
@click.argument("node", metavar="NODE", shell_complete=complete_nodes)
def info(node: str) -> None:
    """One node: what it is, what runs there, what it is busy with."""
    own = session()
    found = own.client.get(path_of("/node/<node>", node=node))
    emit(own.form, found, lambda: _show(found))


def health(node: Record) -> str:
    """The worst thing about it."""
    if not node["alive"]:
        return "dead"
    if not node["worker"]:
        return "no worker"
    return "ok" if node["hypervisor_ok"] else "no hypervisor"


def state(node: Record) -> str:
    return f"{node['state']}, maintenance" if node["maintenance"] else str(node["state"])


COLUMNS = [
    Column("NODE", "name", whole=True),
    Column("STATE", state),
    Column("HEALTH", health),
    Column("VMS", lambda node: f"{node['vms_running']}/{node['vms_wanted']}", right=True),
    Column("VCPUS", lambda node: f"{node['vcpus_wanted']}/{node['vcpus']}", right=True),
    Column("FREE", lambda node: gib(node["memory_free_mib"]), right=True),
    Column("MEMORY", lambda node: gib(node["memory_mib"]), right=True),
    Column("REPORTED", lambda node: age(node["report_at"])),
]

DOMAINS = [
    Column("DOMAIN", "name"),
    Column("SEEN", "state"),
    Column("VCPUS", "vcpus", right=True),
    Column("MEMORY", lambda domain: gib(domain["memory_mib"]), right=True),
    Column("UUID", "uuid", whole=True),
]


def _show(node: Record) -> None:
    show_pairs(
        [
            ("node", f"{node['name']} ({node['address']})"),
            ("migrations to", node.get("cluster_address")),
            ("state", node["state"]),
            ("since", age(node["state_since"]) if node["state_since"] else ""),
            ("by task", node["state_job"]),
            ("maintenance", _maintenance(node["maintenance"])),
            ("health", health(node)),
            ("hypervisor error", node["hypervisor_error"]),
            ("coordinator", "yes" if node["coordinator"] else "no"),
            (
                "vms",
                f"{node['vms_running']} running, {node['vms_wanted']} wanted, {node['vms_defined']} defined",
            ),
            ("vcpus", f"{node['vcpus_wanted']} promised of {node['vcpus']}"),
            ("memory", _memory(node)),
            ("host", node["host"]),
            ("versions", _versions(node)),
            ("reported", age(node["report_at"])),
            ("busy with", "\n".join(node["jobs"])),
        ]
    )
    if node["domains"]:
        heading("Seen there")
        show_table(node["domains"], DOMAINS, "")


def _maintenance(found: Record | None) -> str:
    if not found:
        return ""
    return f"since {age(found['since'])}, by task {found['job']}: its OSDs are held (noout)"


def _memory(node: Record) -> str:
    free, total = gib(node["memory_free_mib"]), gib(node["memory_mib"])
    wanted, reserved = gib(node["memory_wanted_mib"]), gib(node["memory_reserved_mib"])
    return f"{free} free of {total} ({wanted} for VMs, {reserved} for the host)"


def _versions(node: Record) -> str:
    parts = {"PVC": node["pvc_version"], "libvirt": node["libvirt_version"], "on": node["hypervisor"]}
    return ", ".join(f"{name} {version}" for name, version in parts.items() if version)
