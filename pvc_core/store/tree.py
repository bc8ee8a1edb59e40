"""Where everything lives in the tree; docs/state.md is its map."""

from __future__ import annotations

from pvc_core.model.job import ClusterRecord, IdempotencyMark, Job, JobMark, PlacementMark, TokenRecord
from pvc_core.model.node import Alive, NodeReport, NodeSpec
from pvc_core.model.vm import VmNameRecord, VmSpec, VmXml
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

ROOTS = (NODES, VMS, VM_NAMES, JOBS, QUEUES, BY_PARENT, BY_OBJECT, LOCKS, TOKENS, IDEMPOTENCY)
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


def job_ref(job: str) -> Ref[Job]:
    return Ref(f"{JOBS}/{job}", Job, f"task {job}")


def claim_ref(job: str) -> Ref[JobMark]:
    return Ref(f"{JOBS}/{job}/claim", JobMark, f"claim on task {job}")


def token_ref(digest: str) -> Ref[TokenRecord]:
    return Ref(f"{TOKENS}/{digest}", TokenRecord, "such token")


def idempotency_ref(digest: str) -> Ref[IdempotencyMark]:
    return Ref(f"{IDEMPOTENCY}/{digest}", IdempotencyMark, "such idempotency key")


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
