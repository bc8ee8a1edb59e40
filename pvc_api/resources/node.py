"""/node"""

from __future__ import annotations

from flask import Response
from pydantic import TypeAdapter

from pvc_api.answers import answer, answer_record
from pvc_api.document import document_read
from pvc_api.reading import Nothing, read_query
from pvc_api.resources.base import Door, noun, offer
from pvc_api.resources.log import NodeLog
from pvc_api.shared import service
from pvc_core.model.operations import FlushNode, ReadyNode
from pvc_core.model.views import NodeView

routes = noun("node", "Hypervisors")

NODES: TypeAdapter[list[NodeView]] = TypeAdapter(list[NodeView])


class Nodes(Door):
    @document_read("node_list", "NodeView", many=True)
    def get(self) -> Response:
        """All nodes, wanted and seen."""
        read_query(Nothing)
        return answer(NODES.dump_json(service().nodes()))


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
