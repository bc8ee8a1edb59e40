"""What must hold once the faults are healed and nothing is under way any more."""

from __future__ import annotations

from collections.abc import Mapping

from pvc_core.model.job import JobState
from pvc_core.model.vm import VmSpec, Wanted
from pvc_sim.breach import Breach
from pvc_sim.mirror import Mirror

UNLIKE_ASKED = (JobState.FAILED, JobState.CANCELLED)


def check_all_ended(mirror: Mirror) -> None:
    for job in mirror.jobs.values():
        if not job.state.finished:
            text = f"{job.id} is {job.state} ({job.text}), and all faults are healed long since"
            raise Breach("every job ends", text)


def check_agreement(mirror: Mirror, where: Mapping[str, str], whole: set[str]) -> None:
    """Records and hypervisors say the same, as far as nodes without a fault go."""
    for uuid, node in where.items():
        vm = mirror.vms.get(uuid)
        if node in whole and (vm is None or (vm.node, vm.state) != (node, Wanted.START)):
            raise Breach("records are true", f"{_words(vm, uuid)} and runs on {node}")
    for vm in mirror.vms.values():
        if vm.moving_to in whole and vm.node in whole:
            raise Breach(
                "records are true", f"{_words(vm, vm.uuid)} and is still on its way to {vm.moving_to}"
            )
        if vm.state is Wanted.START and vm.node in whole and vm.uuid not in where:
            _check_excuse(mirror, vm)


def _check_excuse(mirror: Mirror, vm: VmSpec) -> None:
    """A VM may be down although it should run if a task that ended otherwise than asked has said so."""
    for job in mirror.jobs.values():
        if f"vm:{vm.uuid}" in job.objects and job.state in UNLIKE_ASKED:
            return
    raise Breach("records are true", f"{_words(vm, vm.uuid)} and runs nowhere, and no task says why")


def _words(vm: VmSpec | None, uuid: str) -> str:
    return f"{uuid} is unknown" if vm is None else f"{vm.name} is recorded on {vm.node} as {vm.state}"
