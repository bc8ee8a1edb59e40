"""A Service with two nodes and one VM, for what only the doors themselves decide."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pvc_core.errors import NotFound, StoreUnavailable, Unauthorized, WrongState
from pvc_core.model.job import FINISHED, Job, JobError, JobState, LogLine, Progress, TokenRecord
from pvc_core.model.node import NodeState
from pvc_core.model.operations import BY_NAME, Operation
from pvc_core.model.views import Fault, LockView, NodeView, PlanView, StatusView, VmView
from pvc_core.model.vm import VmSpec, Wanted
from pvc_tasks.filters import NodeFilter, VmFilter
from pvc_tasks.service import Asker

ROLES = ("viewer", "operator", "admin")
UUID = "11111111-2222-3333-4444-555555555555"


def node(name: str, **changes: Any) -> NodeView:
    facts: dict[str, Any] = {
        "name": name,
        "address": "10.0.0.11",
        "coordinator": True,
        "state": NodeState.READY,
        "state_since": 0.0,
        "alive": True,
        "worker": True,
        "hypervisor_ok": True,
        "vcpus": 16,
        "vcpus_wanted": 4,
        "memory_mib": 65_536,
        "memory_free_mib": 40_000,
        "vms_running": 1,
        "vms_wanted": 1,
        "vms_defined": 2,
        "report_at": time.time() - 3,
    }
    return NodeView(**{**facts, **changes})


class FakeService:
    """Answers like the real one; `asked` keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Operation, Asker]] = []
        self.all_jobs: dict[str, Job] = {}
        self.by_key: dict[str, Job] = {}
        self.frames: dict[str, list[Job]] = {}
        self.script: Callable[[Job], list[Job]] | None = None
        self.store_up = True
        self.waits: list[tuple[float, str | None]] = []
        self.boom: Exception | None = None
        self.all_nodes = [node("hv1"), node("hv2", state=NodeState.FLUSHED, alive=False)]
        spec = VmSpec(uuid=UUID, name="web1", state=Wanted.START, node="hv1", memory_mib=512, vcpus=2)
        self.all_vms = [VmView(spec=spec, seen="running", seen_on=("hv1",))]

    def authenticate(self, token: str) -> TokenRecord:
        for role in ROLES:
            if token == f"{role}-token":
                return TokenRecord(name=f"the {role}", role=role, created=0)
        raise Unauthorized("the token is not known")

    def submit(self, operation: Operation, who: Asker) -> Job:
        if self.boom:
            raise self.boom
        if who.idempotency_key in self.by_key:
            return self.by_key[who.idempotency_key]
        self.asked.append((operation, who))
        job = self.make_job(operation, who)
        if who.idempotency_key:
            self.by_key[who.idempotency_key] = job
        return job

    def make_job(self, operation: Operation, who: Asker) -> Job:
        job = Job(
            id=f"20261121t101500-{len(self.all_jobs):08d}",
            operation=operation.name,
            fields=operation.fields(),
            actor=who.actor,
            source=who.source,
            reason=who.reason,
            queue="cluster",
            created=time.time(),
            deadline=time.time() + 3600,
        )
        if operation.immediate:
            job = job.but(state=JobState.SUCCEEDED, started=job.created, finished=job.created, text="done")
        self.all_jobs[job.id] = job
        if self.script:
            self.frames[job.id] = self.script(job)
        if operation.name == "cluster.init":
            return job.but(result={"cluster": "test", "token": "admin-token"})
        return job

    def frames_for_next(self, script: Callable[[Job], list[Job]]) -> str:
        """The next job will be seen as the script says; its id."""
        self.script = script
        return f"20261121t101500-{len(self.all_jobs):08d}"

    def plan(self, operation: Operation) -> PlanView:
        steps = (
            {"do": "move", "vm": "web1", "source": "hv1", "target": "hv2", "reason": "most memory left"},
        )
        left = (
            {"vm": "db1", "code": "NODE_LIMIT", "message": "it may run on hv1 alone", "remedy": "Relax it."},
        )
        return PlanView(
            operation=operation.name, steps=steps, blocked=left, text="flush hv1: 1 to move, 1 left"
        )

    def cancel(self, job_id: str, who: Asker, force: bool) -> Job:
        job = self.job(job_id)
        if job.state in FINISHED:
            raise WrongState(f"job {job_id} has ended already")
        now = time.time()
        job = job.but(state=JobState.CANCELLED, started=now, finished=now, text="cancelled before it began")
        self.all_jobs[job_id] = job
        return job

    def job(self, job_id: str) -> Job:
        if job_id not in self.all_jobs:
            raise NotFound(f"there is no task {job_id}")
        return self.all_jobs[job_id]

    def await_job(self, job_id: str, wait_s: float, seen: str | None) -> tuple[Job, str]:
        self.waits.append((wait_s, seen))
        if self.frames.get(job_id):
            self.all_jobs[job_id] = self.frames[job_id].pop(0)
        job = self.job(job_id)
        return job, str(abs(hash(job.model_dump_json())))

    def jobs(
        self,
        state: str | None,
        operation: str | None,
        subject: str | None,
        parent: str | None,
        limit: int,
        before: str | None,
    ) -> list[Job]:
        found = [job for job in reversed(self.all_jobs.values()) if operation in (None, job.operation)]
        return found[:limit]

    def nodes(self, wanted: NodeFilter) -> list[NodeView]:
        return [node for node in self.all_nodes if wanted.takes(node)]

    def node(self, name: str) -> NodeView:
        for found in self.all_nodes:
            if found.name == name:
                return found
        raise NotFound(f"there is no node {name}", "See `pvc node list`.")

    def vms(self, wanted: VmFilter) -> list[VmView]:
        return [vm for vm in self.all_vms if wanted.takes(vm)]

    def vm(self, reference: str) -> VmView:
        for found in self.all_vms:
            if reference in (found.spec.name, found.spec.uuid):
                return found
        raise NotFound(f"there is no VM {reference}")

    def vm_xml(self, reference: str) -> str:
        self.vm(reference)
        return "<domain><name>web1</name><title>naïve</title></domain>"

    def status(self) -> StatusView:
        fault = Fault(code="NODE_DEAD", subject="node:hv2", message="hv2 is silent", remedy="Look at hv2.")
        lock = LockView(name="flush", owner="20261121t101500-00000000", since=time.time(), waiters=("x",))
        return StatusView(
            cluster="test",
            health="degraded",
            faults=(fault,),
            nodes={"ready": 1, "dead": 1},
            vms={"start": 1},
            locks=(lock,),
            pvc_version="0.1.0",
        )

    def healthy(self) -> None:
        if not self.store_up:
            raise StoreUnavailable("ZooKeeper does not answer")


def flush_frames(job: Job) -> list[Job]:
    """A flush as a follower sees it: in line, at work, partial."""
    now = time.time()
    waiting = {
        "kind": "lock",
        "on": "20261121t101400-00000009",
        "text": "lock flush is held by 20261121t101400-00000009 (node.flush hv3)",
        "since": now,
        "position": 1,
    }
    in_line = job.but(state=JobState.WAITING, waiting=waiting)
    moving = Progress(done=1, total=2, bytes_per_s=120 << 20, eta_s=12)
    log = (LogLine(at=now, text="migrating web1 to hv2"),)
    at_work = job.but(state=JobState.RUNNING, text="1 of 2 VMs moved", progress=moving, log=log, started=now)
    left = {"vm": "db1", "code": "NODE_LIMIT", "message": "it may run on hv1 alone", "remedy": "Relax it."}
    ended = at_work.but(
        state=JobState.PARTIAL, text="1 of 2 VMs left hv1", finished=now + 3, result={"left": [left]}
    )
    return [in_line, at_work, at_work.but(progress=moving.but(eta_s=11)), ended]


def failed(job: Job) -> Job:
    error = JobError(code="HYPERVISOR_REFUSED", message="libvirt said no", remedy="Read its log.")
    return job.but(state=JobState.FAILED, finished=job.created + 1, error=error)


def registered() -> set[str]:
    """Operations that have an address."""
    return {name for name, operation in BY_NAME.items() if operation.url}
