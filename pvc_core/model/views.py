"""What the API answers with: records joined with what is seen right now."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pvc_core.model.job import Job, JobState, LogLine
from pvc_core.model.node import Domain, DomainState, Maintenance, NodeState
from pvc_core.model.record import Record
from pvc_core.model.vm import VmSpec, Wanted


class Fault(Record):
    """Something an admin should know; `code` for machines, `remedy` for what to do."""

    code: str
    subject: str
    message: str
    remedy: str


DaemonState = Literal["run", "no-worker", "dead"]
"""Both processes of a node have sessions, or its agent alone, or not even that."""

CoordinatorState = Literal["coordinator", "hypervisor"]


class NodeView(Record):
    """A node, wanted and seen; memory in MiB, ages in seconds."""

    name: str
    address: str
    cluster_address: str = ""
    """Where migrations arrive, if that is not `address`."""
    coordinator: bool
    state: NodeState
    state_since: float
    state_job: str | None = None
    maintenance: Maintenance | None = None
    """Its OSDs are held, until `node ready`."""
    alive: bool
    """Its agent has a session."""
    worker: bool
    """Its jobs can be executed."""
    hypervisor_ok: bool
    hypervisor_error: str = ""
    host: str = ""
    hypervisor: str = ""
    libvirt_version: str = ""
    pvc_version: str = ""
    vcpus: int = 0
    vcpus_wanted: int = 0
    memory_mib: int = 0
    memory_reserved_mib: int = 0
    memory_wanted_mib: int = 0
    """Of the VMs that should run there or are on their way."""
    memory_free_mib: int = 0
    vms_running: int = 0
    vms_wanted: int = 0
    vms_defined: int = 0
    report_at: float | None = None
    domains: tuple[Domain, ...] = ()
    """Seen by the node; only in `node info`."""
    jobs: tuple[str, ...] = ()
    """Unfinished, on the node's queue; only in `node info`."""

    @property
    def daemon_state(self) -> DaemonState:
        return "dead" if not self.alive else "run" if self.worker else "no-worker"

    @property
    def coordinator_state(self) -> CoordinatorState:
        return "coordinator" if self.coordinator else "hypervisor"


VM_STATES = (*Wanted, *get_args(DomainState), "off")
"""By which VMs are listed: wanted, or seen."""


class VmView(Record):
    """A VM, wanted and seen."""

    spec: VmSpec
    seen: str
    """The domain's state, or `off` where no node reports it, or `unknown` where its node is silent."""
    seen_why: str = ""
    """What brought it into a state other than running."""
    seen_on: tuple[str, ...] = ()
    """More than one node is a fault."""
    job: str | None = None
    """The unfinished job that holds it."""
    faults: tuple[Fault, ...] = ()


class LockView(Record):
    name: str
    owner: str | None
    since: float
    waiters: tuple[str, ...] = ()


class StatusView(Record):
    """The cluster at a glance."""

    cluster: str
    health: str
    """ok, degraded or critical"""
    faults: tuple[Fault, ...] = ()
    nodes: dict[str, int] = {}
    """By state, `dead` among them."""
    maintenance: tuple[str, ...] = ()
    """Nodes whose OSDs are held for it."""
    vms: dict[str, int] = {}
    """By wanted and seen state."""
    jobs: dict[str, int] = {}
    """Unfinished ones, by state."""
    locks: tuple[LockView, ...] = ()
    pvc_version: str = ""


class PlanView(Record):
    """What an operation would do, each step with its reason."""

    operation: str
    steps: tuple[dict[str, Any], ...] = ()
    blocked: tuple[dict[str, Any], ...] = ()
    """VMs that would be left, and why."""
    refused: tuple[dict[str, Any], ...] = ()
    """Nodes that cannot take the VM, and why; of one VM's plan."""
    plan_id: str | None = None
    """Given with the request, exactly this is done, or nothing."""
    text: str = ""


JobView = Job
"""A job is shown as it is, with live progress and its present wait merged in."""


class JobLog(Record):
    """What a job did; `dropped` counts the oldest lines, gone to keep the record small."""

    id: str
    state: JobState
    dropped: int = 0
    lines: tuple[LogLine, ...] = ()


class Health(Record):
    """An API that can serve."""

    status: Literal["ok"] = "ok"
    version: str
