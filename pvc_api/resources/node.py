"""/node"""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field, TypeAdapter

from pvc_api.answers import answer, answer_record
from pvc_api.document import document_read, query_parameters
from pvc_api.reading import Nothing, Query, read_query
from pvc_api.resources.base import Door, noun, offer
from pvc_api.resources.log import NodeLog
from pvc_api.shared import service
from pvc_core.model.node import NodeState
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.views import CoordinatorState, DaemonState, NodeView
from pvc_tasks.filters import NodeFilter

routes = noun("node", "Hypervisors")

NODES: TypeAdapter[list[NodeView]] = TypeAdapter(list[NodeView])


class NodeQuery(Query):
    """Filters, all of which must match."""

    name: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        None, description="A name, or a pattern with * and ?."
    )
    daemon_state: DaemonState | None = Field(
        None, description="Whether its agent and its worker are there: both, the agent alone, or none."
    )
    coordinator_state: CoordinatorState | None = Field(
        None, description="Whether it does work for the whole cluster too."
    )
    domain_state: NodeState | None = Field(None, description="Whether it takes VMs: only `ready` does.")


class Nodes(Door):
    @document_read("node_list", "NodeView", many=True, params=query_parameters(NodeQuery))
    def get(self) -> Response:
        """Nodes by name, wanted and seen."""
        query = read_query(NodeQuery)
        return answer(NODES.dump_json(service().nodes(NodeFilter(**query.model_dump()))))


class Node(Door):
    @document_read("node_info", "NodeView")
    def get(self, node: str) -> Response:
        """One node, with the domains it reports and its unfinished jobs."""
        read_query(Nothing)
        return answer_record(service().node(node))


routes.add_resource(Nodes, "/node")
routes.add_resource(Node, "/node/<node>")
routes.add_resource(NodeLog, "/node/<node>/log")
offer(routes, FlushNode)
offer(routes, ReadyNode)
