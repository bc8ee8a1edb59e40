"""/storage/ceph/snapshot"""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace
from pydantic import Field, TypeAdapter

from pvc_api.answers import answer
from pvc_api.reading import Query, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.resources.storage_reading import reads
from pvc_api.shared import blocks
from pvc_core.model.names import PoolName, VolumeName
from pvc_core.model.operations import (
    AddSnapshot,
    ProtectSnapshot,
    RemoveSnapshot,
    RenameSnapshot,
    RollBackSnapshot,
    UnprotectSnapshot,
)
from pvc_core.model.storage import VolumeSnapshot

SNAPSHOTS: TypeAdapter[list[VolumeSnapshot]] = TypeAdapter(list[VolumeSnapshot])


class VolumeQuery(Query):
    pool: PoolName = Field(description="The volume's pool.")
    volume: VolumeName = Field(description="Whose snapshots.")


class Snapshots(Door):
    @reads("snapshot_list", "VolumeSnapshot", many=True, query=VolumeQuery)
    def get(self) -> Response:
        """A volume's snapshots, the oldest first."""
        asked = read_query(VolumeQuery)
        return answer(SNAPSHOTS.dump_json(blocks().snapshots(asked.pool, asked.volume)))


def offer_snapshots(routes: Namespace) -> None:
    routes.add_resource(Snapshots, "/storage/ceph/snapshot")
    offer(routes, AddSnapshot, RemoveSnapshot)
    for operation in (RenameSnapshot, ProtectSnapshot, UnprotectSnapshot, RollBackSnapshot):
        offer(routes, operation)
