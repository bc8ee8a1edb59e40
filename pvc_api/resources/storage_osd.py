"""/storage/ceph/osd"""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace
from pydantic import TypeAdapter

from pvc_api.answers import answer
from pvc_api.reading import Nothing, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.resources.storage_reading import reads
from pvc_api.shared import blocks
from pvc_core.model.operations import (
    AddOsd,
    PutOsdIn,
    RemoveOsd,
    ReplaceOsd,
    SetOsdFlag,
    TakeOsdOut,
    UnsetOsdFlag,
)
from pvc_core.model.storage import Osd

OSDS: TypeAdapter[list[Osd]] = TypeAdapter(list[Osd])


class Osds(Door):
    @reads("osd_list", "Osd", many=True)
    def get(self) -> Response:
        """All object storage daemons."""
        read_query(Nothing)
        return answer(OSDS.dump_json(blocks().osds()))


def offer_osds(routes: Namespace) -> None:
    routes.add_resource(Osds, "/storage/ceph/osd")
    offer(routes, AddOsd)
    offer(routes, SetOsdFlag, UnsetOsdFlag)
    offer(routes, PutOsdIn)
    offer(routes, TakeOsdOut)
    offer(routes, ReplaceOsd)
    offer(routes, RemoveOsd)
