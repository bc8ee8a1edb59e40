"""/vm"""

from __future__ import annotations

from typing import Annotated, get_args

from flask import Response
from pydantic import Field, TypeAdapter, WithJsonSchema

from pvc_api.answers import answer, answer_record
from pvc_api.document import document_read, error_responses, query_parameters
from pvc_api.reading import Nothing, Query, among, read_query
from pvc_api.resources.base import Door, noun, offer
from pvc_api.shared import service
from pvc_core.model.names import NodeName
from pvc_core.model.node import DomainState
from pvc_core.model.operations import DefineVm, MigrateVm, ShutdownVm, StartVm, StopVm, UndefineVm
from pvc_core.model.views import VmView
from pvc_core.model.vm import Wanted

routes = noun("vm", "Virtual machines")

STATES = [*Wanted, *get_args(DomainState), "off"]

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
    limit: int = Field(1000, ge=1, le=10_000, description="How many at most.")
    offset: int = Field(0, ge=0, description="How many to skip.")


class Vms(Door):
    @document_read("vm_list", "VmView", many=True, params=query_parameters(VmQuery))
    def get(self) -> Response:
        """VMs by name; the header X-Total-Count says how many there are without paging."""
        query = read_query(VmQuery)
        found = service().vms(query.name, query.node, query.state)
        page = found[query.offset : query.offset + query.limit]
        return answer(VMS.dump_json(page), headers={"X-Total-Count": str(len(found))})


class Vm(Door):
    @document_read("vm_info", "VmView")
    def get(self, vm: str) -> Response:
        """One VM, wanted and seen, by name or UUID."""
        read_query(Nothing)
        return answer_record(service().vm(vm))


class VmXml(Door):
    @document_read(
        "vm_dump",
        "Error",
        produces=["application/xml"],
        responses={200: "The XML.", **error_responses(400, 401, 404, 503)},
    )
    def get(self, vm: str) -> Response:
        """Its libvirt domain XML, as its admin gave it."""
        read_query(Nothing)
        xml = service().vm_xml(vm)
        return Response(xml, content_type="application/xml; charset=utf-8")


offer(routes, DefineVm, beside=Vms)
offer(routes, UndefineVm, beside=Vm)
routes.add_resource(VmXml, "/vm/<vm>/xml")
offer(routes, StartVm)
offer(routes, ShutdownVm)
offer(routes, StopVm)
offer(routes, MigrateVm)
