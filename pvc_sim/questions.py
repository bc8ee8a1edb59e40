"""The commands of the CLI that only look, in as few words as a timeline has room for."""

from __future__ import annotations

from collections.abc import Iterator

from pvc_core.errors import InvalidRequest
from pvc_sim.timeline import Timeline
from pvc_tasks.service import Service


def answer(service: Service, timeline: Timeline, text: str) -> Iterator[str]:
    """Raises InvalidRequest for a question that is not known."""
    match text.split():
        case ["status"]:
            status = service.status()
            yield f"{status.health}: {'; '.join(fault.message for fault in status.faults) or 'no faults'}"
        case ["node", "list"]:
            for node in service.nodes():
                yield f"{node.name} {node.state}, {node.vms_running} running, {node.memory_free_mib} MiB free"
        case ["vm", "list"]:
            for vm in service.vms():
                yield f"{vm.spec.name} wanted {vm.spec.state} on {vm.spec.node}, seen {vm.seen}"
        case ["task", "list"]:
            for job in service.jobs(state="unfinished"):
                yield f"{job.id} {job.operation} {job.state}: {job.text}"
        case ["task", "info", name] if name in timeline.ids:
            job = service.job(timeline.ids[name])
            yield f"{job.id} {job.state}: {job.waiting.text if job.waiting else job.text}"
        case _:
            raise InvalidRequest(f"{text!r} is not known here; see docs/simulator.md")
