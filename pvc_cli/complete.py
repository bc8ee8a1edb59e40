"""Names for the shell's Tab key: asked of the API, and silent when it does not answer at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from pvc_cli import connections

ANSWER_WITHIN_S = 1.5
MOST = 200

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
Found = Iterable[tuple[str, str]]
"""Names, each with a word on what it is."""


def _asking(look: Callable[[Any, click.Context, str], Found]) -> Completer:
    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            found = list(look(_client(ctx), ctx, begun))
        except Exception:
            # Whatever is wrong, a line of errors in the middle of the user's typing helps nobody.
            return []
        return [CompletionItem(name, help=about) for name, about in found if name.startswith(begun)]

    return complete


def _client(ctx: click.Context) -> Any:
    from pvc_cli.client import Client
    from pvc_cli.session import Session

    own = ctx.find_root().ensure_object(Session)
    return Client(own.chosen[1], connect_s=ANSWER_WITHIN_S, answer_s=ANSWER_WITHIN_S)


def _vms(client: Any, _: click.Context, begun: str) -> Found:
    for vm in client.get("/vm", name=f"{_literal(begun)}*", limit=MOST):
        yield vm["spec"]["name"], f"{vm['seen']} on {vm['spec']['node']}"


def _nodes(client: Any, _: click.Context, begun: str) -> Found:
    return ((node["name"], node["state"]) for node in client.get("/node"))


def _tasks(client: Any, _: click.Context, begun: str) -> Found:
    for job in client.get("/task", limit=MOST):
        yield job["id"], f"{job['operation']} {job['about']}, {job['state']}"


def _tags_of(client: Any, ctx: click.Context, begun: str) -> Found:
    """Those the VM has; where one is being added, those of all."""
    from pvc_cli.client import path_of

    if ctx.info_name == "add":
        yield from _tags(client, ctx, begun)
        return
    for tag in client.get(path_of("/vm/<vm>/tag", vm=ctx.params["vm"])):
        yield tag["name"], "protected" if tag["protected"] else ""


def _tags(client: Any, _: click.Context, begun: str) -> Found:
    vms = client.get("/vm", tag=f"{_literal(begun)}*", limit=MOST)
    return sorted({(tag["name"], "") for vm in vms for tag in vm["spec"]["tags"]})


def _literal(begun: str) -> str:
    """As a pattern that means just this text."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in begun)


def _fixed(words: Callable[[], Iterable[str]]) -> Completer:
    """Words that this program knows itself; looked up only when asked for, since Tab must be quick."""

    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in words() if word.startswith(begun)]

    return complete


def _vm_states() -> Iterable[str]:
    from pvc_core.model.views import VM_STATES

    return VM_STATES


def _job_states() -> Iterable[str]:
    from pvc_core.model.job import JOB_FILTERS

    return JOB_FILTERS


def _operations() -> Iterable[str]:
    from pvc_core.model.operations import OPERATIONS

    return (operation.name for operation in OPERATIONS)


def complete_connections(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """From this user's own file; nobody is asked."""
    try:
        known = connections.load()
    except Exception:
        return []
    about = {name: ", ".join(own.addresses) for name, own in known.items()}
    return [CompletionItem(name, help=where) for name, where in about.items() if name.startswith(begun)]


complete_vms = _asking(_vms)
complete_nodes = _asking(_nodes)
complete_tasks = _asking(_tasks)
complete_tags = _asking(_tags)
complete_tags_of = _asking(_tags_of)
complete_vm_states = _fixed(_vm_states)
complete_job_states = _fixed(_job_states)
complete_operations = _fixed(_operations)

BY_FIELD: dict[str, Completer] = {
    "vm": complete_vms,
    "node": complete_nodes,
    "target": complete_nodes,
    "node_limit": complete_nodes,
    "task": complete_tasks,
    "tag": complete_tags_of,
}
"""Which names a field of an operation takes."""
