"""Hypervisor nodes: what jobs want of them, what they report, whether they live."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pvc_core.model.names import NodeName, VmUuid
from pvc_core.model.record import Record


class NodeState(StrEnum):
    """Whether a node takes VMs. Only READY does; docs/states.md draws the transitions."""

    READY = "ready"
    FLUSHING = "flushing"
    FLUSHED = "flushed"
    PARTIAL = "partial"
    """Closed, and a flush ended with VMs still on it."""


TRANSITIONS: dict[NodeState, frozenset[NodeState]] = {
    NodeState.READY: frozenset({NodeState.FLUSHING}),
    NodeState.FLUSHING: frozenset(NodeState) - {NodeState.FLUSHING},
    NodeState.FLUSHED: frozenset({NodeState.FLUSHING, NodeState.READY}),
    NodeState.PARTIAL: frozenset({NodeState.FLUSHING, NodeState.READY}),
}
"""What may follow what; drawn in docs/states.md, and the simulator sees that it is kept to."""


class Maintenance(Record):
    """The node may go down for a while: its OSDs are held (`noout`), or that job is about to hold them."""

    job: str
    since: float


class NodeSpec(Record):
    """What jobs decided about a node; written by jobs, and by its agent when it registers."""

    name: NodeName
    address: str
    cluster_address: str = ""
    """Where migrations arrive, if that is not `address`."""
    storage_address: str = ""
    """By which it reaches the storage, if that is neither of these."""
    coordinator: bool = False
    state: NodeState = NodeState.READY
    state_job: str | None = None
    """The job that brought the node into its state."""
    state_since: float = 0.0
    maintenance: Maintenance | None = None

    @property
    def migration_address(self) -> str:
        return self.cluster_address or self.address

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that are written in its configuration."""
        return tuple(filter(None, (self.address, self.cluster_address, self.storage_address)))


DomainState = Literal[
    "running", "paused", "blocked", "shutdown", "shutoff", "crashed", "suspended", "unknown"
]


class Domain(Record):
    """A domain as libvirt shows it; memory in MiB."""

    uuid: VmUuid
    name: str
    state: DomainState
    reason: str = ""
    memory_mib: int = 0
    vcpus: int = 0

    @property
    def why(self) -> str:
        """The reason, for people."""
        return {"ioerror": "I/O error", "user": "by hand"}.get(self.reason, self.reason or "unknown reason")

    @property
    def starting(self) -> bool:
        """Its hypervisor has not come to let it run yet."""
        return self.state == "paused" and self.reason == "starting up"

    @property
    def active(self) -> bool:
        """A QEMU process exists for it, running or not."""
        return self.state not in ("shutoff", "crashed")


class Capacity(Record):
    """What a node has; memory in MiB."""

    memory_mib: int
    vcpus: int
    host: str = ""
    hypervisor: str = ""
    hypervisor_version: str = ""
    libvirt_version: str = ""


class NodeReport(Record):
    """What a node's agent saw last; written by that agent alone."""

    at: float
    """Unix time by the node's own clock: for people, never compared between nodes."""
    sequence: int = 0
    capacity: Capacity
    domains: tuple[Domain, ...] = ()
    interfaces: tuple[str, ...] | None = None
    """Network interfaces that a guest's may be tied to; None from an agent that does not tell."""
    hypervisor_ok: bool = True
    hypervisor_error: str = ""
    reserved_memory_mib: int = 0
    load: float = 0.0
    """Load average of one minute."""
    pvc_version: str = ""
    storage_address: str = ""
    """The host that the storage sees this node's own client at; what was known last, while it is silent."""


class Alive(Record):
    """The ephemeral mark of a process that has a session."""

    process: Literal["agent", "worker"]
    pid: int
    since: float
    incarnation: str
