"""/storage/ceph/pool"""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace
from pydantic import TypeAdapter

from pvc_api.answers import answer
from pvc_api.reading import Nothing, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.resources.storage_reading import reads
from pvc_api.shared import blocks
from pvc_core.model.operations import AddPool, RemovePool, SetPoolGroups
from pvc_core.model.storage import Pool

POOLS: TypeAdapter[list[Pool]] = TypeAdapter(list[Pool])


class Pools(Door):
    @reads("pool_list", "Pool", many=True)
    def get(self) -> Response:
        """All pools."""
        read_query(Nothing)
        return answer(POOLS.dump_json(blocks().pools()))


def offer_pools(routes: Namespace) -> None:
    routes.add_resource(Pools, "/storage/ceph/pool")
    offer(routes, AddPool, RemovePool)
    offer(routes, SetPoolGroups)
