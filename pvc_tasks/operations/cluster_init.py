"""`cluster init`: lay out the tree and issue the first admin token."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists
from pvc_core.model.job import ClusterRecord, PlacementMark
from pvc_core.model.operations import InitCluster
from pvc_core.store import tree
from pvc_core.store.port import Create
from pvc_core.version import VERSION
from pvc_tasks.handler import Applied, ImmediateHandler
from pvc_tasks.tokens import plan_token
from pvc_tasks.world import World


class InitClusterHandler(ImmediateHandler[InitCluster]):
    operation = InitCluster

    def apply(self, asked: InitCluster, world: World) -> Applied:
        """The token is in the answer alone: the stored job does not hold it, the tree its hash."""
        if world.store.find(tree.cluster_ref()) is not None:
            raise AlreadyExists(
                "this cluster is initialised already",
                "Use a token it has issued; `pvc connection list` shows the connections you have.",
            )
        name, now = world.config.cluster, world.clock.now()
        token, make_token = plan_token("admin", "admin", now)
        ops = (
            tree.cluster_ref().create(ClusterRecord(name=name, created=now, pvc_version=VERSION)),
            tree.placement_ref().create(PlacementMark()),
            *(Create(root) for root in tree.ROOTS),
            make_token,
        )
        return Applied(
            f"cluster {name} is ready to use", name, ("cluster",), ops, {"cluster": name}, {"token": token}
        )
