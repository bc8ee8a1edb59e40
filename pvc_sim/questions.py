"""The commands of the CLI that only look, in as few words as a timeline has room for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pvc_core.errors import InvalidRequest
from pvc_core.model.views import NodeView, VmView
from pvc_sim.commands import Asked
from pvc_tasks.filters import NodeFilter, VmFilter
from pvc_tasks.service import Service

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Desk:
    """Where it is asked; `known` are the tasks accepted since the scenario began."""

    service: Service
    known: Collection[str]


Answer = Callable[[Desk, Said], Iterator[str]]


def answer(desk: Desk, asked: Asked) -> Iterator[str]:
    """Raises InvalidRequest for a question that has no answer here."""
    found = ANSWERS.get(asked.path)
    if found is None:
        raise InvalidRequest(f"`{asked.path}` has no meaning in the simulator; see docs/simulator.md")
    return found(desk, asked.said)


def _status(desk: Desk, said: Said) -> Iterator[str]:
    status = desk.service.status()
    yield f"{status.health}: {'; '.join(fault.message for fault in status.faults) or 'no faults'}"


def _node_list(desk: Desk, said: Said) -> Iterator[str]:
    states = {name: said[name] for name in ("daemon_state", "coordinator_state", "domain_state")}
    for node in desk.service.nodes(NodeFilter(said["limit"], **states)):
        yield _node(node)


def _node(node: NodeView) -> str:
    return f"{node.name} {node.state}, {node.vms_running} running, {node.memory_free_mib} MiB free"


def _node_info(desk: Desk, said: Said) -> Iterator[str]:
    node = desk.service.node(said["node"])
    yield f"{_node(node)}, daemon {node.daemon_state}"
    for domain in sorted(node.domains, key=lambda domain: domain.name):
        yield f"{node.name} shows {domain.name} {domain.state}"
    for job in node.jobs:
        yield f"{node.name} is busy with {job}"


def _vm_list(desk: Desk, said: Said) -> Iterator[str]:
    filters = {name: said[name] for name in ("node", "state", "tag", "negate")}
    yield from map(_vm, desk.service.vms(VmFilter(said["limit"], **filters)))


def _vm(vm: VmView) -> str:
    return f"{vm.spec.name} wanted {vm.spec.state} on {vm.spec.node}, seen {vm.seen}"


def _vm_info(desk: Desk, said: Said) -> Iterator[str]:
    vm = desk.service.vm(said["vm"])
    yield f"{_vm(vm)}, home {vm.spec.home}" + (f", busy with {vm.job}" if vm.job else "")
    for fault in vm.faults:
        yield f"{fault.code}: {fault.message}"


def _vm_dump(desk: Desk, said: Said) -> Iterator[str]:
    yield from desk.service.vm_xml(said["vm"]).splitlines()


def _vm_tags(desk: Desk, said: Said) -> Iterator[str]:
    for tag in desk.service.vm(said["vm"]).spec.tags:
        yield f"{tag.name}{' (protected)' if tag.protected else ''}"


def _task_list(desk: Desk, said: Said) -> Iterator[str]:
    filters = {name: said[name] for name in ("state", "operation", "subject", "parent", "limit", "before")}
    for job in desk.service.jobs(**filters):
        if job.id in desk.known:
            yield f"{job.id} {job.operation} {job.state}: {job.text}"


def _task_info(desk: Desk, said: Said) -> Iterator[str]:
    job = desk.service.job(said["task"])
    yield f"{job.id} {job.state}: {job.waiting.text if job.waiting else job.text}"


def _task_log(desk: Desk, said: Said) -> Iterator[str]:
    for line in desk.service.job(said["task"]).log:
        yield line.text


ANSWERS: dict[str, Answer] = {
    "status": _status,
    "node list": _node_list,
    "node info": _node_info,
    "vm list": _vm_list,
    "vm info": _vm_info,
    "vm dump": _vm_dump,
    "vm tag get": _vm_tags,
    "task list": _task_list,
    "task info": _task_info,
    "task log": _task_log,
}
