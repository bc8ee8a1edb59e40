"""/vm"""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field, TypeAdapter, WithJsonSchema

from pvc_api.answers import answer, answer_record
from pvc_api.document import document_read, query_parameters
from pvc_api.reading import Nothing, Query, among, read_query
from pvc_api.resources.base import Door, noun, offer
from pvc_api.resources.log import VmConsole
from pvc_api.resources.vm_edit import offer_edits
from pvc_api.resources.vm_snapshot import offer_snapshots
from pvc_api.resources.vm_tag import offer_tags
from pvc_api.shared import service
from pvc_core.model.names import NodeName
from pvc_core.model.operations import (
    DefineVm,
    DisableVm,
    FlushVmLocks,
    MetaVm,
    MigrateVm,
    MoveVm,
    RemoveVm,
    RestartVm,
    ShutdownVm,
    StartVm,
    StopVm,
    UndefineVm,
    UnmigrateVm,
)
from pvc_core.model.views import VM_STATES, VmView
from pvc_tasks.filters import VmFilter

routes = noun("vm", "Virtual machines")

STATES = list(VM_STATES)

VMS: TypeAdapter[list[VmView]] = TypeAdapter(list[VmView])


class VmQuery(Query):
    """Filters, all of which must match, and a page of the result."""

    name: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        None, description="A name, or a pattern with * and ?."
    )
    node: NodeName | None = Field(None, description="Where it is or shall run.")
    state: Annotated[str, among(STATES), WithJsonSchema({"type": "string", "enum": STATES})] | None = Field(
        None, description="What is wanted (start, stop, disable) or seen (running, off, ...)."
    )
    tag: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        None, description="A tag it has, or a pattern with * and ?."
    )
    negate: bool = Field(False, description="Those that do not match all of these.")
    limit: int = Field(1000, ge=1, le=10_000, description="How many at most.")
    offset: int = Field(0, ge=0, description="How many to skip.")


class Vms(Door):
    @document_read("vm_list", "VmView", many=True, params=query_parameters(VmQuery))
    def get(self) -> Response:
        """VMs by name; the header X-Total-Count says how many there are without paging."""
        query = read_query(VmQuery)
        found = service().vms(VmFilter(query.name, query.node, query.state, query.tag, query.negate))
        page = found[query.offset : query.offset + query.limit]
        return answer(VMS.dump_json(page), headers={"X-Total-Count": str(len(found))})


class Vm(Door):
    @document_read("vm_info", "VmView")
    def get(self, vm: str) -> Response:
        """One VM, wanted and seen, by name or UUID."""
        read_query(Nothing)
        return answer_record(service().vm(vm))


offer(routes, DefineVm, beside=Vms)
offer(routes, UndefineVm, MetaVm, beside=Vm)
offer_edits(routes)
routes.add_resource(VmConsole, "/vm/<vm>/console")
offer(routes, StartVm)
offer(routes, ShutdownVm)
offer(routes, StopVm)
offer(routes, RestartVm)
offer(routes, DisableVm)
offer(routes, MigrateVm)
offer(routes, UnmigrateVm)
offer(routes, MoveVm)
offer(routes, FlushVmLocks)
offer(routes, RemoveVm)
offer_tags(routes)
offer_snapshots(routes)
