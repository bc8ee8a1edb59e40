"""/vm/<vm>/snapshot"""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace
from pydantic import Field, TypeAdapter

from pvc_api.answers import answer, answer_record
from pvc_api.document import document_read, error_responses, query_parameters
from pvc_api.reading import Nothing, Query, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.shared import service
from pvc_core.model.operations import AddVmSnapshot, ExportVmSnapshot, ImportVm, RemoveVmSnapshot, RollBackVm
from pvc_core.model.vm_snapshot import VmSnapshot

SNAPSHOTS: TypeAdapter[list[VmSnapshot]] = TypeAdapter(list[VmSnapshot])
FAILURES = error_responses(400, 401, 404, 409, 503)


class DiffQuery(Query):
    other: str | None = Field(None, description="A later snapshot; now if not given.")


class VmSnapshots(Door):
    @document_read(
        "vm_snapshot_list", "VmSnapshot", many=True, responses={200: ("Success", ["VmSnapshot"]), **FAILURES}
    )
    def get(self, vm: str) -> Response:
        """A VM's snapshots, the oldest first."""
        read_query(Nothing)
        return answer(SNAPSHOTS.dump_json(service().vm_snapshots(vm)))


class VmSnapshotChanges(Door):
    @document_read(
        "vm_snapshot_diff",
        "VmSnapshotDiff",
        params=query_parameters(DiffQuery),
        responses={200: ("Success", "VmSnapshotDiff"), **FAILURES},
    )
    def get(self, vm: str, snapshot: str) -> Response:
        """What has changed since a snapshot: definition, metadata, and how much on each disk."""
        other = read_query(DiffQuery).other
        return answer_record(service().vm_snapshot_diff(vm, snapshot, other))


def offer_snapshots(routes: Namespace) -> None:
    offer(routes, AddVmSnapshot, beside=VmSnapshots)
    offer(routes, RemoveVmSnapshot)
    offer(routes, RollBackVm)
    offer(routes, ExportVmSnapshot)
    offer(routes, ImportVm)
    routes.add_resource(VmSnapshotChanges, "/vm/<vm>/snapshot/<snapshot>/diff")
