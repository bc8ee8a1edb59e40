"""/storage/ceph/volume"""

from __future__ import annotations

from contextlib import suppress

from flask import Response
from flask_restx import Namespace
from pydantic import Field, TypeAdapter

from pvc_api.answers import answer, answer_record
from pvc_api.reading import Nothing, Query, read_address, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.resources.storage_reading import OfVolume, reads
from pvc_api.shared import blocks, service
from pvc_core.decide.volume_use import with_nodes
from pvc_core.errors import NotFound
from pvc_core.model.names import PoolName
from pvc_core.model.operations import (
    AddVolume,
    AdoptVolume,
    CloneVolume,
    FlattenVolume,
    RemoveVolume,
    RenameVolume,
    ResizeVolume,
)
from pvc_core.model.storage import Volume
from pvc_core.store.look import look_at_cluster

VOLUMES: TypeAdapter[list[Volume]] = TypeAdapter(list[Volume])


class PoolQuery(Query):
    pool: PoolName | None = Field(None, description="Of this pool only.")


class Volumes(Door):
    @reads("volume_list", "Volume", many=True, query=PoolQuery)
    def get(self) -> Response:
        """The volumes of a pool, or of all that are for volumes."""
        asked = read_query(PoolQuery).pool
        if asked:
            return answer(VOLUMES.dump_json(blocks().volumes(asked)))
        pools = [pool.name for pool in blocks().pools() if "rbd" in pool.uses]
        return answer(VOLUMES.dump_json([volume for pool in pools for volume in _still_in(pool)]))


class OneVolume(Door):
    @reads("volume_info", "VolumeDetail")
    def get(self, pool: str, volume: str) -> Response:
        """One volume, who has it open, and on which node."""
        read_query(Nothing)
        asked = read_address(OfVolume, pool=pool, volume=volume)
        found = blocks().volume(asked.pool, asked.volume)
        return answer_record(with_nodes(look_at_cluster(service().world.store), found))


def _still_in(pool: str) -> list[Volume]:
    """One that has gone since all were listed, or has another name, is no reason not to list the others."""
    with suppress(NotFound):
        return blocks().volumes(pool)
    return []


def offer_volumes(routes: Namespace) -> None:
    routes.add_resource(Volumes, "/storage/ceph/volume")
    offer(routes, AddVolume, RemoveVolume, beside=OneVolume)
    for operation in (ResizeVolume, RenameVolume, CloneVolume, FlattenVolume, AdoptVolume):
        offer(routes, operation)
