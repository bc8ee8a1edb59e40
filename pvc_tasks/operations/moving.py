"""What flush and unflush share: carrying out a node's plan through child jobs, wave after wave.

The plan is made anew on every look, from what the records and the children say; nothing of it is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from pvc_core.decide.left_behind import MOST_NAMED
from pvc_core.decide.node_plan import Left, Move, NodePlan, PlannedStep, Rules, Start, Stop
from pvc_core.decide.placement import Refusal
from pvc_core.decide.promise import hold_to
from pvc_core.decide.wave import Limits, decide_wave, within_limits
from pvc_core.errors import NoPlacement
from pvc_core.model.groups import TagRule, named
from pvc_core.model.job import Job, JobState, Progress
from pvc_core.model.operations import FlushNode, MigrateVm, Operation, ReadyNode, ShutdownVm, StartVm
from pvc_core.model.snapshot import Cluster
from pvc_core.model.views import PlanView
from pvc_core.store import tree
from pvc_core.store.look import look_at_cluster
from pvc_tasks.children import load_children, new_child
from pvc_tasks.context import Context
from pvc_tasks.operations.common import vm_lock
from pvc_tasks.operations.move_ends import MigrationFailed
from pvc_tasks.operations.overtaken import Overtaken
from pvc_tasks.outcome import Outcome, Wait
from pvc_tasks.submit import plan_children
from pvc_tasks.words import count

MAX_ATTEMPTS = 5
"""Per VM; each failed migration excludes the target it failed on."""

CURED_BY_ANOTHER_PLAN = frozenset({MigrationFailed.code, NoPlacement.code, Overtaken.code})

Plan = Callable[[Cluster, str, Rules], NodePlan]


@dataclass(frozen=True)
class Round:
    """One look: the cluster, the children, and what is still to be done."""

    cluster: Cluster
    children: Sequence[Job]
    plan: NodePlan

    @property
    def busy(self) -> list[Job]:
        return [job for job in self.children if not job.state.finished]

    @property
    def shut_down(self) -> int:
        return sum(
            job.operation == ShutdownVm.name and job.state is JobState.SUCCEEDED for job in self.children
        )

    @property
    def succeeded(self) -> int:
        """VMs for which nothing more is to be done; one that made room for others moves twice."""
        done = {_uuid(job) for job in self.children if job.state is JobState.SUCCEEDED}
        return len(done - self.open)

    @property
    def open(self) -> set[str]:
        """The UUIDs of VMs that are under way, still to be moved, or left."""
        planned = {item.uuid for item in (*self.plan.steps, *self.plan.later, *self.plan.left)}
        return planned | {_uuid(job) for job in self.busy}


def look_around(ctx: Context, node: str, plan: Plan, rules: Rules) -> Round:
    children = load_children(ctx.store, ctx.job.id)
    cluster = _as_promised(look_at_cluster(ctx.store), children)
    found = plan(cluster, node, learn(rules, children))
    return Round(cluster, children, found if rules.shown is None else hold_to(found, rules.shown))


def learn(rules: Rules, children: Sequence[Job]) -> Rules:
    """The rules with what the children taught: who is busy, which targets failed, whom to give up."""
    tried: dict[str, dict[str, Refusal]] = {}
    given_up: dict[str, Left] = {}
    attempts = Counter(_uuid(job) for job in children if job.state.finished)
    for job in children:
        uuid, error = _uuid(job), job.error
        if error is not None and error.code == MigrationFailed.code:
            refusal = Refusal(error.code, error.message, error.remedy)
            tried.setdefault(uuid, {})[job.fields["target"]] = refusal
        if _hopeless(job, attempts[uuid]):
            given_up[uuid] = _left(job)
    busy = frozenset(_uuid(job) for job in children if not job.state.finished)
    return replace(rules, tried=tried, given_up=given_up, busy=busy, parked=_parked(children))


def _parked(children: Sequence[Job]) -> frozenset[str]:
    """What this job has moved; of an unflush, VMs that are not at home after that made room for others."""
    moved = [job for job in children if job.operation == MigrateVm.name]
    return frozenset(_uuid(job) for job in moved if job.state is JobState.SUCCEEDED)


def _hopeless(job: Job, attempts: int) -> bool:
    """Cancelled by hand, tried too often, or failed in a way that another plan does not cure."""
    if job.state is JobState.CANCELLED:
        return True
    if job.error is None:
        return False
    return attempts >= MAX_ATTEMPTS or job.error.code not in CURED_BY_ANOTHER_PLAN


def _uuid(job: Job) -> str:
    return job.objects[0].removeprefix("vm:")


def _left(job: Job) -> Left:
    if job.state is JobState.CANCELLED or job.error is None:
        code, message, remedy = "CANCELLED", f"task {job.id} was cancelled", "Run the command again."
    else:
        code, message, remedy = job.error.code, job.error.message, job.error.remedy
    return Left(_uuid(job), job.about, job.queue.removeprefix("node."), code, message, remedy)


def begin_wave(ctx: Context, asked: FlushNode | ReadyNode, found: Round, limits: Limits) -> int:
    """Let the next commit create the children that may begin now; how many those are."""
    wave = decide_wave(found.plan.steps, found.cluster, limits)
    jobs = [_child(ctx, asked, step, found.children) for step in wave]
    for new in plan_children(ctx.store, jobs):
        ctx.spawn(new)
    for step in wave:
        ctx.log(describe(step))
    return len(wave)


def _as_promised(cluster: Cluster, children: Sequence[Job]) -> Cluster:
    """With the moves given to children that have not reserved their target yet."""
    promised = (
        vm.but(moving_to=job.fields["target"])
        for job in children
        if job.operation == MigrateVm.name and not job.state.finished
        if (vm := cluster.vms.get(_uuid(job))) is not None and vm.moving_to is None
    )
    return cluster.with_vms(promised)


def _child(ctx: Context, asked: FlushNode | ReadyNode, step: PlannedStep, siblings: Sequence[Job]) -> Job:
    operation: Operation
    match step:
        case Move(uuid=uuid, target=target, source=node, then_stop=then_stop):
            despite = (TagRule.TOGETHER, *step.despite)
            operation = MigrateVm(
                vm=uuid,
                target=target,
                force=True,
                then_stop=then_stop,
                despite=despite,
                deadline_s=asked.deadline_s,
                bandwidth_mib_s=asked.bandwidth_mib_s,
            )
        case Stop(uuid=uuid, node=node, then_stop=then_stop, restart=restart):
            operation = ShutdownVm(vm=uuid, then_stop=then_stop or None, restart_on_ready=restart)
        case Start(uuid=uuid, node=node):
            operation = StartVm(vm=uuid)
    child = new_child(ctx, operation, f"vm:{uuid}", siblings, tree.node_queue(node), (vm_lock(uuid),))
    return child.but(about=step.vm)


def describe(step: PlannedStep) -> str:
    match step:
        case Move(vm=vm, target=target, reason=reason):
            return f"{vm} goes to {target}: {reason}"
        case Stop(vm=vm, reason=reason):
            return f"{vm} is shut down: {reason}"
        case Start(vm=vm, reason=reason):
            return f"{vm} is started: {reason}"


def show_progress(ctx: Context, found: Round, verb: str) -> None:
    """done / total, where the total is what is done, under way, still to do, and left."""
    open_count, done = len(found.open), found.succeeded
    progress = Progress(done=done, total=done + open_count, text=f"{done} of {done + open_count} {verb}")
    if progress != ctx.job.progress:
        ctx.change(progress=progress)


def await_children(ctx: Context, found: Round, verb: str) -> Outcome:
    """What to say while the wave is under way."""
    names = named((job.about for job in [*found.busy, *ctx.rings]), MOST_NAMED)
    progress = ctx.job.progress
    text = f"{progress.done} of {progress.total} {verb}, waiting for {names}"
    first = (found.busy or ctx.rings)[0].id
    return Wait("child", first, text)


def await_capacity(node: str, found: Round, limits: Limits) -> Wait:
    """Migrations of others use up what may be under way at once."""
    vms = count(len(found.plan.steps), "VM")
    moves = [step for step in found.plan.steps if isinstance(step, Move)]
    full = [within_limits(found.cluster, move.source, move.target, limits) for move in moves]
    why = next(filter(None, full), "other migrations are under way")
    return Wait("capacity", node, f"{vms} to move: {why}")


def narrower(limits: Limits, parallel: int | None, field: str) -> Limits:
    """The request may ask for fewer than the configuration allows, never for more."""
    return limits if parallel is None else replace(limits, **{field: min(parallel, getattr(limits, field))})


def view_of(operation: str, plan: NodePlan, plan_id: str) -> PlanView:
    """The plan as shown for a dry run."""
    steps = tuple({"do": type(step).__name__.lower(), **asdict(step)} for step in (*plan.steps, *plan.later))
    blocked = tuple(asdict(item) for item in plan.left)
    text = f"{len(steps)} to do, {len(blocked)} would be left"
    return PlanView(operation=operation, steps=steps, blocked=blocked, plan_id=plan_id, text=text)
