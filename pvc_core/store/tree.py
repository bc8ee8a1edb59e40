"""Where everything lives in the tree; docs/state.md is its map."""

from __future__ import annotations

from pvc_core.model.job import ClusterRecord, IdempotencyMark, Job, JobMark, PlacementMark, TokenRecord
from pvc_core.model.log import FollowMark, LogHead, LogSegment
from pvc_core.model.node import Alive, NodeReport, NodeSpec
from pvc_core.model.plan import PlanRecord
from pvc_core.model.upload import Upload
from pvc_core.model.vm import VmNameRecord, VmSpec, VmXml
from pvc_core.model.vm_snapshot import VmSnapshot
from pvc_core.store.documents import Ref

CLUSTER = "/cluster"
NODES = "/node"
VMS = "/vm"
VM_NAMES = "/vm_name"
PLACEMENT = "/placement"
JOBS = "/job"
QUEUES = "/queue"
BY_PARENT = "/by_parent"
BY_OBJECT = "/by_object"
LOCKS = "/lock"
TOKENS = "/token"
IDEMPOTENCY = "/idempotency"
PLANS = "/plan"
LOGS = "/console"
FOLLOWED = "/followed"
UPLOADS = "/upload"

ROOTS = (
    NODES,
    VMS,
    VM_NAMES,
    JOBS,
    QUEUES,
    BY_PARENT,
    BY_OBJECT,
    LOCKS,
    TOKENS,
    IDEMPOTENCY,
    PLANS,
    LOGS,
    FOLLOWED,
    UPLOADS,
)
"""Made by `cluster init`, together with /cluster and /placement."""


def cluster_ref() -> Ref[ClusterRecord]:
    return Ref(CLUSTER, ClusterRecord, "initialised cluster")


def placement_ref() -> Ref[PlacementMark]:
    return Ref(PLACEMENT, PlacementMark, "initialised cluster")


def node_spec(name: str) -> Ref[NodeSpec]:
    return Ref(f"{NODES}/{name}/spec", NodeSpec, f"node {name}")


def node_report(name: str) -> Ref[NodeReport]:
    return Ref(f"{NODES}/{name}/report", NodeReport, f"report of node {name}")


def node_alive(name: str) -> Ref[Alive]:
    """Ephemeral, of the node's agent."""
    return Ref(f"{NODES}/{name}/alive", Alive, f"living agent on {name}")


def node_worker(name: str) -> Ref[Alive]:
    """Ephemeral, of the process that executes the node's jobs."""
    return Ref(f"{NODES}/{name}/worker", Alive, f"living worker on {name}")


def vm_spec(uuid: str) -> Ref[VmSpec]:
    return Ref(f"{VMS}/{uuid}/spec", VmSpec, f"VM {uuid}")


def vm_xml(uuid: str) -> Ref[VmXml]:
    return Ref(f"{VMS}/{uuid}/xml", VmXml, f"definition of VM {uuid}")


def vm_name(name: str) -> Ref[VmNameRecord]:
    return Ref(f"{VM_NAMES}/{name}", VmNameRecord, f"VM {name}")


def vm_snapshots(uuid: str) -> str:
    """Made with the first snapshot of a VM."""
    return f"{VMS}/{uuid}/snapshot"


def vm_snapshot(uuid: str, name: str) -> Ref[VmSnapshot]:
    return Ref(f"{vm_snapshots(uuid)}/{name}", VmSnapshot, f"snapshot {name}")


def vm_snapshot_xml(uuid: str, name: str) -> Ref[VmXml]:
    return Ref(f"{vm_snapshots(uuid)}/{name}/xml", VmXml, f"definition of snapshot {name}")


def job_ref(job: str) -> Ref[Job]:
    return Ref(f"{JOBS}/{job}", Job, f"task {job}")


def claim_ref(job: str) -> Ref[JobMark]:
    return Ref(f"{JOBS}/{job}/claim", JobMark, f"claim on task {job}")


def token_ref(digest: str) -> Ref[TokenRecord]:
    return Ref(f"{TOKENS}/{digest}", TokenRecord, "such token")


def idempotency_ref(digest: str) -> Ref[IdempotencyMark]:
    return Ref(f"{IDEMPOTENCY}/{digest}", IdempotencyMark, "such idempotency key")


def vm_log_key(uuid: str) -> str:
    return f"vm.{uuid}"


def node_log_key(node: str) -> str:
    return f"node.{node}"


def log_head(key: str) -> Ref[LogHead]:
    """Apart from what it is about: neither is remembered with the VM, nor in the way of its undefine."""
    return Ref(f"{LOGS}/{key}", LogHead, f"log {key}")


def log_segment(key: str, first: int) -> Ref[LogSegment]:
    return Ref(f"{LOGS}/{key}/{first:012}", LogSegment, f"line {first} of log {key}")


def follow_mark(key: str) -> Ref[FollowMark]:
    return Ref(f"{FOLLOWED}/{key}", FollowMark, f"reader of log {key}")


def upload_ref(job: str) -> Ref[Upload]:
    return Ref(f"{UPLOADS}/{job}", Upload, f"upload of task {job}")


def plan_ref(identity: str) -> Ref[PlanRecord]:
    return Ref(f"{PLANS}/{identity}", PlanRecord, f"plan {identity}")


def queue_path(queue: str) -> str:
    """The index of a queue's unfinished jobs: what the sweep reads."""
    return f"{QUEUES}/{queue}"


def parent_path(parent: str) -> str:
    return f"{BY_PARENT}/{parent}"


def object_path(name: str) -> str:
    return f"{BY_OBJECT}/{name}"


def node_queue(node: str) -> str:
    return f"node.{node}"


CLUSTER_QUEUE = "cluster"


def queues_of(node: str, coordinator: bool) -> tuple[str, ...]:
    """What a node's worker consumes; coordinators share the cluster-wide work."""
    return (node_queue(node), CLUSTER_QUEUE) if coordinator else (node_queue(node),)
