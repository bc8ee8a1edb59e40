"""Single lines whose loss must be noticed: what is taken away, and why it is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sabotage:
    """`line` of `module` becomes `instead`; a scenario of that name shows it at once, else random runs do."""

    name: str
    module: str
    line: str
    instead: str
    scenario: str = ""


SABOTAGES = (
    Sabotage(
        "drop the version check",
        "pvc_core.store.znodes",
        "if op.version is not None and op.version != node.raw.version:",
        "if False:",
    ),
    Sabotage(
        "drop the claim check",
        "pvc_tasks.context",
        "self._commit(self.claim.check(), *ops)",
        "self._commit(self.seen.check(), *ops)",
    ),
    Sabotage(
        "ignore the session loss",
        "pvc_tasks.context",
        "mark, job = self.store.home.read([claim.path, record.path])",
        "return",
        "stopped-between-record-and-effect",
    ),
    Sabotage(
        "act for a job that was settled meanwhile",
        "pvc_tasks.context",
        "if job is None or job.version != self.seen.version:",
        "if False:",
        "forced-cancel-of-a-worker-that-is-there",
    ),
    Sabotage(
        "take steps of jobs that belong elsewhere",
        "pvc_tasks.engine",
        "if seen.value.queue not in self.me.queues:",
        "if False:",
        "woken-late-where-it-was",
    ),
    Sabotage(
        "look at ended jobs again",
        "pvc_tasks.engine",
        "if seen is None or seen.value.state.finished:",
        "if seen is None:",
    ),
    Sabotage(
        "do not ask whose lock it is",
        "pvc_tasks.joblocks",
        "if line[0] != job.id:",
        "if False:",
    ),
    Sabotage(
        "keep the lock at the end",
        "pvc_tasks.settle",
        "(index, *end.ops, *released)",
        "(index, *end.ops)",
    ),
    Sabotage(
        "release the lock early",
        "pvc_tasks.operations.vm_migrate",
        "        ctx.save(seen.save(moving), bump_placement(cluster.placement_version, ctx.job.id))",
        "        from pvc_tasks.joblocks import plan_release_locks as free; "
        "ctx.save(seen.save(moving), bump_placement(cluster.placement_version, ctx.job.id), "
        "*free(ctx.store, ctx.job, ctx.now)[0])",
    ),
    Sabotage(
        "leave a job out of its queue",
        "pvc_tasks.submit",
        "if not job.state.finished:",
        "if job.parent is not None:",
    ),
    Sabotage(
        "sweep nothing",
        "pvc_worker.sweep",
        "found = store.load_present(refs) if refs else []",
        "found = []",
    ),
    Sabotage(
        "skip the verify",
        "pvc_tasks.operations.node_flush",
        "left += still_there(ctx.looking, found.cluster, asked.node, left)",
        "left += []",
        "the-proof-is-libvirts",
    ),
    Sabotage(
        "call it flushed whatever is left",
        "pvc_tasks.operations.node_flush",
        "state = NodeState.PARTIAL if left else NodeState.FLUSHED",
        "state = NodeState.FLUSHED",
    ),
    Sabotage(
        "forget moving_to",
        "pvc_tasks.operations.vm_migrate",
        "moving = vm.but(moving_to=target, moving_job=ctx.job.id)",
        "moving = vm",
    ),
    Sabotage(
        "keep moving_to when the VM stayed",
        "pvc_tasks.operations.move_ends",
        "stays = seen.value.but(moving_to=None, moving_job=None)",
        "stays = seen.value",
    ),
    Sabotage(
        "do not charge the memory of what arrives",
        "pvc_core.model.load",
        "return (vm.node,) if vm.moving_to in (None, vm.node) else (vm.node, vm.moving_to)",
        "return (vm.node,)",
    ),
    Sabotage(
        "place without bumping the placement",
        "pvc_tasks.operations.vm_migrate",
        "        ctx.save(seen.save(moving), bump_placement(cluster.placement_version, ctx.job.id))",
        "        ctx.save(seen.save(moving))",
        "two-migrations-want-the-same-room",
    ),
    Sabotage(
        "ask for no room",
        "pvc_core.decide.refusal",
        "if refusal is None and (free := cluster.free_mib(name)) < vm.charge_mib:",
        "if refusal is None and (free := cluster.free_mib(name)) < 0:",
    ),
    Sabotage(
        "place on closed nodes",
        "pvc_core.decide.refusal",
        "if not node.ready:",
        "if False:",
    ),
    Sabotage(
        "place beside those it is to be apart from",
        "pvc_core.decide.refusal",
        "if refusal is None and TagRule.APART not in despite:",
        "if False:",
        "apart-means-apart",
    ),
    Sabotage(
        "let others take the room of those that come along",
        "pvc_core.decide.packing",
        "return sorted(vms, key=weight)",
        "return sorted(vms, key=largest_first)",
        "together-goes-together",
    ),
    Sabotage(
        "carry out an overtaken plan when its turn comes",
        "pvc_tasks.operations.node_flush",
        "        if shown is not None:\n            check_kept(",
        "        if False:\n            check_kept(",
        "the-plan-is-overtaken-in-line",
    ),
    Sabotage(
        "do otherwise than the plan says",
        "pvc_core.decide.flush",
        "    agreed = rules.targets.get(vm.uuid)",
        "    agreed = None",
        "exactly-the-plan",
    ),
    Sabotage(
        "ignore the limits of migrations",
        "pvc_tasks.operations.vm_migrate",
        "if full is not None:",
        "if False:",
    ),
    Sabotage(
        "start a VM where it is not recorded",
        "pvc_tasks.operations.vm_start",
        "if vm.state is Wanted.START and vm.node != here:",
        "if False:",
        "a-start-follows-its-vm",
    ),
    Sabotage(
        "stop a VM without asking where its migration took it",
        "pvc_tasks.operations.vm_stop",
        "else load_located(ctx, reference)",
        "else seen",
        "nobody-saw-where-they-went",
    ),
    Sabotage(
        "take what is not here for gone",
        "pvc_tasks.operations.unsettled",
        "if not runs_here(ctx.looking, vm.uuid):",
        "if False:",
        "nobody-saw-where-they-went",
    ),
    Sabotage(
        "let a migration that was given up go on",
        "pvc_tasks.operations.unsettled",
        "if _is_under_way(migration):",
        "if False:",
        "a-migration-that-was-given-up-is-ended-first",
    ),
    Sabotage(
        "record as having stayed what is being carried away",
        "pvc_worker.corrector",
        "busy = held | self._leaving(cluster, held)",
        "busy = held",
        "a-migration-that-was-given-up-goes-on",
    ),
    Sabotage(
        "stop a deaf guest unasked",
        "pvc_tasks.operations.poweroff",
        "if stops_in_the_end(asked, vm):",
        "if True:",
    ),
    Sabotage(
        "shut down what has nowhere to go unasked",
        "pvc_core.decide.flush",
        "if vm.autorestart or rules.stop_blocked:",
        "if True:",
    ),
    Sabotage(
        "stop a deaf guest to move it, unasked",
        "pvc_tasks.operations.move_by_shutdown",
        "if asked.then_stop or vm.on_shutdown_timeout is OnShutdownTimeout.STOP:",
        "if True:",
        "a-deaf-guest-is-not-moved",
    ),
    Sabotage(
        "shut down what may be moved live",
        "pvc_tasks.operations.vm_migrate",
        "runs_on = goes_live(vm, asked)",
        "runs_on = False",
        "flush-empties-a-node",
    ),
    Sabotage(
        "forget to take back a place that was not needed",
        "pvc_tasks.operations.move_ends",
        "return (seen.save(stays), bump_placement_now(store, job))",
        "return ()",
        "a-deaf-guest-is-not-moved",
    ),
    Sabotage(
        "record as stopped without looking",
        "pvc_tasks.operations.vm_shutdown",
        "if not runs_here(ctx.looking, vm.uuid):",
        "if ctx.job.stage == 'asked':",
    ),
    Sabotage(
        "record what an agent saw too long ago",
        "pvc_tasks.operations.vm_adopt",
        "if seen.version != asked.as_of:",
        "if False:",
        "an-agent-acts-on-an-old-look",
    ),
    Sabotage(
        "expire jobs before their deadline",
        "pvc_worker.caretaker",
        "if now >= seen.value.deadline and not seen.value.state.finished:",
        "if not seen.value.state.finished:",
        "worker-killed-as-a-flush-moves",
    ),
    Sabotage(
        "number all attempts at a VM alike",
        "pvc_tasks.children",
        "attempt = 1 + sum(subject in job.objects for job in siblings)",
        "attempt = 1",
    ),
    Sabotage(
        "give away at once what a smaller definition frees",
        "pvc_core.model.vm",
        "return max(self.memory_mib, self.running.memory_mib if self.running else 0)",
        "return self.memory_mib",
        "a-smaller-vm-keeps-its-room",
    ),
    Sabotage(
        "ask what is superseded to end once the answer is on its way",
        "pvc_tasks.submitter",
        "self._create(request, job, *admission.turn, *self._in_line(job, losers), *ends)",
        "self._create(request, job, *admission.turn, *self._in_line(job, losers))",
        "the-answer-to-a-supersede-is-lost",
    ),
)
