"""Whether a VM can be moved, where to, and its record afterwards."""

from __future__ import annotations

from pvc_core.decide.placement import Ranking, Refused, Terms, rank_nodes
from pvc_core.decide.refusal import refuse_parting
from pvc_core.errors import NoPlacement, WrongState
from pvc_core.model.groups import TagRule
from pvc_core.model.operations import MigrateVm, MoveVm, UnmigrateVm
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.snapshot import Cluster
from pvc_core.model.vm import MigrationMethod, VmSpec, Wanted


class NeverMoves(WrongState):
    """Its admin said so."""

    code = "MIGRATION_METHOD"


def moved(vm: VmSpec, target: str, marks: dict[str, int], asked: Transfer | None = None) -> VmSpec:
    """Its record on its new node, which is its home if it was moved for good."""
    placed = vm.placed(target, report_marks=marks)
    return placed.but(previous_node=None) if isinstance(asked, MoveVm) else placed


def rehomed(vm: VmSpec, target: str) -> VmSpec:
    """The record of a stopped VM that is at home elsewhere from now on, also as to what starts it again."""
    restart = target if vm.restart_on_ready is not None else None
    return vm.but(node=target, previous_node=None, restart_on_ready=restart)


def check_movable(vm: VmSpec, asked: Transfer) -> None:
    """Raises WrongState for a VM that cannot, or should not without asking twice, be moved."""
    if vm.state is not Wanted.START and not isinstance(asked, MoveVm):
        raise WrongState(
            f"{vm.name} is stopped; only a running VM can be migrated", f"pvc vm start {vm.name}"
        )
    if isinstance(asked, UnmigrateVm) and vm.previous_node is None:
        raise WrongState(f"{vm.name} is at home on {vm.node}", "Nothing to do.")
    if is_to_stay(vm, asked):
        return
    if target_of(vm, asked) == vm.node:
        raise WrongState(f"{vm.name} is on {vm.node} already", "Name another node, or none for the best.")
    if vm.migration_method is MigrationMethod.NONE and vm.state is Wanted.START:
        raise NeverMoves(
            f"the migration method of {vm.name} is none: it is never moved while it runs",
            f"Shut it down (`pvc vm shutdown {vm.name}`), move it (`pvc vm move {vm.name}`) and start it; or "
            f"change that (`pvc vm meta {vm.name} --migration-method live`).",
        )
    if isinstance(asked, MigrateVm):
        _check_home(vm, asked)


def goes_live(vm: VmSpec, asked: Transfer) -> bool:
    """Whether its guest is carried over while it runs."""
    return vm.migration_method is MigrationMethod.LIVE or asked.force_live


def _check_home(vm: VmSpec, asked: MigrateVm) -> None:
    if vm.previous_node is not None and asked.target != vm.previous_node and not asked.force:
        raise WrongState(
            f"{vm.name} is away from its home {vm.previous_node} already",
            f"Bring it home (`pvc vm unmigrate {vm.name}`), or move it on with --target and --force.",
        )


def is_to_stay(vm: VmSpec, asked: Transfer) -> bool:
    """It is where it shall be for good: nothing to carry, only to record."""
    return isinstance(asked, MoveVm) and asked.target == vm.node and vm.previous_node is not None


def target_of(vm: VmSpec, asked: Transfer) -> str | None:
    """The node it was asked for; None for the best."""
    if isinstance(asked, MigrateVm | MoveVm):
        return asked.target
    return vm.previous_node


def decide_target(cluster: Cluster, vm: VmSpec, asked: Transfer) -> tuple[str, str]:
    """Where to, and why there; raises NotFound or NoPlacement."""
    target = target_of(vm, asked)
    ranking = rank_targets(cluster, vm, asked)
    if target is None:
        if ranking.choices:
            return ranking.choices[0].node, ranking.choices[0].reason
        raise Refused(ranking.refusals).error(vm.name)
    cluster.node(target)
    refusal = ranking.refusals.get(target)
    if refusal is not None:
        raise NoPlacement(
            f"{target} cannot take {vm.name}: {refusal.message}",
            refusal.remedy,
            refusals={target: refusal.as_dict()},
        )
    return target, "it is its home" if isinstance(asked, UnmigrateVm) else "as asked"


def rank_targets(cluster: Cluster, vm: VmSpec, asked: Transfer) -> Ranking:
    """All nodes but its own. Going home, it leaves its companions without being asked twice."""
    parting = {}
    if TagRule.TOGETHER not in asked.despite and not isinstance(asked, UnmigrateVm):
        each = {name: refuse_parting(cluster, vm, name) for name in cluster.nodes}
        parting = {name: refusal for name, refusal in each.items() if refusal is not None}
    return rank_nodes(cluster, vm, Terms({vm.node}, parting, despite=asked.despite))
