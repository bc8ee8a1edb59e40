"""What a door (API, test, simulator) may ask of PVC: submit, cancel, and look."""

from __future__ import annotations

import hmac
import re

from pvc_core.config import read_secret
from pvc_core.errors import InvalidRequest, NotFound, Unauthorized
from pvc_core.model.hardware import Hardware
from pvc_core.model.job import Job, TokenRecord
from pvc_core.model.log import LogView
from pvc_core.model.names import JOB_ID_PATTERN, NAME_PATTERN, VM_NAME_PATTERN, VOLUME_NAME_PATTERN
from pvc_core.model.operations import FlushNode, Operation, ReadyNode
from pvc_core.model.views import JobView, NodeView, PlanView, StatusView, VmView
from pvc_core.model.vm_snapshot import VmSnapshot, VmSnapshotDiff
from pvc_core.store import tree
from pvc_core.store.documents import Seen
from pvc_core.store.look import look_at_node
from pvc_tasks.awaiting import Awaiting
from pvc_tasks.cancel import cancel_job
from pvc_tasks.filters import ALL_NODES, ALL_VMS, JobFilter, NodeFilter, VmFilter
from pvc_tasks.ids import digest
from pvc_tasks.logs import Logs
from pvc_tasks.queries import Queries
from pvc_tasks.registry import job_handler_of
from pvc_tasks.submit import Asker
from pvc_tasks.submitter import Submitter, check_subsystem
from pvc_tasks.vm_snapshots import VmSnapshots
from pvc_tasks.world import World

__all__ = ["Asker", "Service"]

LIVE_LOOK_S = 0.5
"""How often a follower is told of progress that no record holds."""


class Service:
    """Keeps nothing; every method may raise a PvcError."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.store
        self.queries = Queries(world.store, world.live)
        self.submitter = Submitter(world)
        self.logs = Logs(world)
        self.awaiting = Awaiting(world.store)
        self.snapshots = VmSnapshots(world)

    def authenticate(self, token: str) -> TokenRecord:
        """Who a bearer token belongs to; raises Unauthorized.

        While the cluster has not been initialised, the bootstrap token of the configuration counts.
        """
        seen = self._find_token(digest(token)) if token else None
        if seen is not None:
            return seen.value
        if token and self._is_bootstrap(token):
            return TokenRecord(name="bootstrap", role="admin", created=self.world.clock.now())
        raise Unauthorized("this token is not known to the cluster")

    def _find_token(self, key: str) -> Seen[TokenRecord] | None:
        """Only what is there is looked at: the store would remember, and watch for, whatever one sends."""
        there = key in self.store.names(tree.TOKENS)
        return self.store.find(tree.token_ref(key)) if there else None

    def _is_bootstrap(self, token: str) -> bool:
        file = self.world.config.api.bootstrap_token_file
        if file is None or self.store.find(tree.cluster_ref()) is not None:
            return False
        return hmac.compare_digest(read_secret(file).encode(), token.encode())

    def submit(self, operation: Operation, who: Asker) -> Job:
        """The accepted job; already finished where the operation is immediate."""
        return self.submitter.submit(operation, who)

    def plan(self, operation: Operation) -> PlanView:
        """What the operation would do, if it were asked for now."""
        check_subsystem(operation, self.world.config)
        if isinstance(operation, FlushNode | ReadyNode):
            look_at_node(self.store, operation.node)
        return job_handler_of(operation.name).plan(operation, self.world)

    def cancel(self, job_id: str, who: Asker, force: bool = False) -> JobView:
        return cancel_job(self.world, _checked(job_id, JOB_ID_PATTERN, "task"), who, force)

    def job(self, job_id: str) -> JobView:
        return self.queries.job(_checked(job_id, JOB_ID_PATTERN, "task"))

    def await_job(self, job_id: str, wait_s: float, seen: str | None) -> tuple[JobView, str]:
        """The job and its etag: at once when finished or no longer as `seen`, else within `wait_s`.

        A running job is shown anew every half second: its progress is not in the record.
        """
        ref = tree.job_ref(_checked(job_id, JOB_ID_PATTERN, "task"))
        for _ in self.awaiting.looks(ref, wait_s, LIVE_LOOK_S):
            job = self.queries.job(job_id)
            etag = _etag(job)
            if job.state.finished or etag != seen:
                break
        return job, etag

    def jobs(
        self,
        state: str | None = None,
        operation: str | None = None,
        subject: str | None = None,
        parent: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[JobView]:
        """Newest first; see JobFilter."""
        if subject is not None:
            _check_subject(subject)
        if parent is not None:
            _checked(parent, JOB_ID_PATTERN, "task")
        return self.queries.jobs(JobFilter(state, operation, subject, parent, before), limit)

    def nodes(self, wanted: NodeFilter = ALL_NODES) -> list[NodeView]:
        """By name."""
        return self.queries.nodes(wanted)

    def node(self, name: str) -> NodeView:
        return self.queries.node(_checked(name, NAME_PATTERN, "node"))

    def vms(self, wanted: VmFilter = ALL_VMS) -> list[VmView]:
        """By name."""
        if wanted.node is not None:
            _checked(wanted.node, NAME_PATTERN, "node")
        return self.queries.vms(wanted)

    def vm(self, reference: str) -> VmView:
        return self.queries.vm(_checked(reference, VM_NAME_PATTERN, "VM"))

    def vm_xml(self, reference: str) -> str:
        return self.queries.vm_xml(_checked(reference, VM_NAME_PATTERN, "VM"))

    def vm_log(self, reference: str, after: int | None, lines: int | None, wait_s: float) -> LogView:
        """What its console showed; see Logs."""
        return self.logs.of_vm(_checked(reference, VM_NAME_PATTERN, "VM"), after, lines, wait_s)

    def node_log(self, name: str, after: int | None, lines: int | None, wait_s: float) -> LogView:
        """What its worker wrote to its log; see Logs."""
        return self.logs.of_node(_checked(name, NAME_PATTERN, "node"), after, lines, wait_s)

    def vm_hardware(self, reference: str) -> Hardware:
        return self.queries.vm_hardware(_checked(reference, VM_NAME_PATTERN, "VM"))

    def vm_snapshots(self, reference: str) -> list[VmSnapshot]:
        """The oldest first."""
        return self.snapshots.of(_checked(reference, VM_NAME_PATTERN, "VM"))

    def vm_snapshot_diff(self, reference: str, name: str, other: str | None) -> VmSnapshotDiff:
        """What has changed since then; until now, if no other is given."""
        for one in (name, *((other,) if other is not None else ())):
            _checked(one, VOLUME_NAME_PATTERN, "snapshot")
        return self.snapshots.diff(_checked(reference, VM_NAME_PATTERN, "VM"), name, other)

    def status(self) -> StatusView:
        return self.queries.status()

    def healthy(self) -> None:
        """Raises StoreUnavailable when the store does not answer."""
        self.store.find(tree.cluster_ref())


def _etag(job: JobView) -> str:
    """Not of who looked at it last, and how often: that changes while nothing happens."""
    return digest(job.model_dump_json(exclude={"epoch", "worker"}))[:20]


def _checked(name: str, pattern: str, what: str) -> str:
    """Nothing that cannot be a name reaches a path; raises NotFound."""
    if re.match(pattern, name) is None or name.endswith("\n"):
        raise NotFound(f"there is no {what} {name!r}")
    return name


def _check_subject(subject: str) -> None:
    kind, _, name = subject.partition(":")
    if kind not in ("vm", "node") or re.match(VM_NAME_PATTERN, name) is None:
        raise InvalidRequest(f"{subject!r} names no object; write node:NAME or vm:NAME")
