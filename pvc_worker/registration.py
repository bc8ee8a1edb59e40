"""Making a node known to the cluster when its agent first meets it."""

from __future__ import annotations

import logging

from pvc_core.config import NodeSection
from pvc_core.errors import NotInitialised
from pvc_core.model.node import NodeSpec
from pvc_core.store import tree
from pvc_core.store.port import Create
from pvc_tasks.operations.common import bump_placement_now
from pvc_tasks.submitter import insist
from pvc_tasks.world import World

log = logging.getLogger(__name__)

SETTINGS = {"address", "cluster_address", "storage_address", "coordinator"}
"""What a node's configuration says of it in its record."""


def register_node(world: World, node: NodeSection) -> None:
    """Create the node's record, or bring its address up to date; raises NotInitialised before `init`."""
    if world.store.find(tree.cluster_ref()) is None:
        raise NotInitialised("the cluster is not initialised yet; waiting for `pvc cluster init`")
    ref = tree.node_spec(node.name)
    seen = world.store.find(ref)
    if seen is None:
        insist(lambda: _create(world, node))
        return
    settings = node.model_dump(include=SETTINGS)
    known = seen.value.but(**settings)
    if known != seen.value:
        world.store.commit(seen.save(known))


def _create(world: World, node: NodeSection) -> None:
    spec = NodeSpec(
        name=node.name,
        state_since=world.clock.now(),
        **node.model_dump(include=SETTINGS),
    )
    world.store.commit(
        Create(f"{tree.NODES}/{node.name}"),
        tree.node_spec(node.name).create(spec),
        Create(tree.queue_path(tree.node_queue(node.name))),
        bump_placement_now(world.store, f"node {node.name}"),
    )
    log.info("node %s is part of the cluster now", node.name)
