"""Where a VM would go, and why not elsewhere: the dry run of migrate, move and unmigrate."""

from __future__ import annotations

from dataclasses import asdict

from pvc_core.decide.migration import decide_target, is_to_stay, rank_targets, target_of
from pvc_core.decide.node_plan import Left, Move
from pvc_core.decide.placement import Ranking, Refused
from pvc_core.decide.wave import Limits, within_limits
from pvc_core.errors import NoPlacement
from pvc_core.model.operations.transfer import Transfer
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import PlanView
from pvc_core.model.vm import VmSpec, Wanted


def view_transfer(cluster: Cluster, vm: VmSpec, asked: Transfer, limits: Limits) -> PlanView:
    """Raises NotFound for an unknown target."""
    if is_to_stay(vm, asked):
        return PlanView(operation=asked.name, text=f"{vm.name} stays on {vm.node}, which becomes its home")
    ranking = rank_targets(cluster, vm, asked)
    refused = tuple({"node": name} | why.as_dict() for name, why in sorted(ranking.refusals.items()))
    try:
        target, reason = decide_target(cluster, vm, asked)
    except NoPlacement:
        wanted = target_of(vm, asked)
        blocked = (asdict(_left(vm, wanted, ranking)),)
        text = f"{vm.name} would stay on {vm.node}: {wanted or 'every other node'} is refused"
        return PlanView(operation=asked.name, blocked=blocked, refused=refused, text=text)
    step = {"do": "move"} | asdict(Move(vm.uuid, vm.name, vm.node, target, reason, despite=asked.despite))
    text = f"{vm.name} would go from {vm.node} to {target}"
    if vm.state is not Wanted.START:
        text = f"{target} would be the home of {vm.name}, which is stopped"
        return PlanView(operation=asked.name, steps=(step,), refused=refused, text=text)
    full = within_limits(cluster, vm.node, target, limits)
    if full is not None:
        text = f"{text}, once there is an end to this: {full}"
    return PlanView(operation=asked.name, steps=(step,), refused=refused, text=text)


def _left(vm: VmSpec, target: str | None, ranking: Ranking) -> Left:
    why = Refused(ranking.refusals) if target is None else ranking.refusals[target]
    return Left(vm.uuid, vm.name, vm.node, why.code, why.message, why.remedy)
