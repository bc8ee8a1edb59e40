"""Whether a VM can be migrated, where to, and its record afterwards."""

from __future__ import annotations

from pvc_core.decide.placement import Choice, decide_node, refuse
from pvc_core.errors import NoPlacement, WrongState
from pvc_core.model.operations import MigrateVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import MigrationMethod, VmSpec, Wanted


def moved(vm: VmSpec, target: str, marks: dict[str, int]) -> VmSpec:
    """Its record on its new node; away from home, that is remembered."""
    home = vm.home
    previous = None if home == target else home
    return vm.but(node=target, previous_node=previous, moving_to=None, moving_job=None, report_marks=marks)


def check_movable(vm: VmSpec, asked: MigrateVm) -> None:
    """Raises WrongState for a VM that cannot, or should not without asking twice, be migrated."""
    if vm.state is not Wanted.START:
        raise WrongState(
            f"{vm.name} is stopped; only a running VM can be migrated", f"pvc vm start {vm.name}"
        )
    if asked.target == vm.node:
        raise WrongState(f"{vm.name} is on {vm.node} already", "Name another node, or none for the best.")
    if vm.migration_method is not MigrationMethod.LIVE:
        raise WrongState(
            f"the migration method of {vm.name} is {vm.migration_method}",
            "Shut it down and start it elsewhere.",
        )
    if vm.previous_node is not None and asked.target != vm.previous_node and not asked.force:
        raise WrongState(
            f"{vm.name} is away from its home {vm.previous_node} already",
            f"Bring it home (--target {vm.previous_node}), or move it on with --force; its home stays.",
        )


def decide_target(cluster: Cluster, vm: VmSpec, asked: MigrateVm) -> tuple[str, str]:
    """Where to, and why there; raises NotFound or NoPlacement."""
    if asked.target is None:
        choice = decide_node(cluster, vm, without={vm.node})
        if isinstance(choice, Choice):
            return choice.node, choice.reason
        raise choice.error(vm.name)
    refusal = refuse(cluster, vm, asked.target)
    if refusal is not None:
        raise NoPlacement(
            f"{asked.target} cannot take {vm.name}: {refusal.message}",
            refusal.remedy,
            refusals={asked.target: refusal.as_dict()},
        )
    return asked.target, "as asked"
