"""/vm/<vm>/xml, and the VM's hardware piece by piece."""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace
from pydantic import TypeAdapter

from pvc_api.answers import answer, answer_record
from pvc_api.document import document_read, error_responses
from pvc_api.reading import Nothing, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.shared import service
from pvc_core.model.hardware import NetworkDevice, VolumeDevice
from pvc_core.model.operations import (
    AddVmNetwork,
    AddVmVolume,
    ModifyVm,
    RemoveVmNetwork,
    RemoveVmVolume,
    RenameVm,
    SetVmMemory,
    SetVmVcpus,
)
from pvc_core.xml.version import version_of

NETWORKS: TypeAdapter[tuple[NetworkDevice, ...]] = TypeAdapter(tuple[NetworkDevice, ...])
VOLUMES: TypeAdapter[tuple[VolumeDevice, ...]] = TypeAdapter(tuple[VolumeDevice, ...])


class VmXml(Door):
    @document_read(
        "vm_dump",
        "Error",
        produces=["application/xml"],
        responses={200: "The XML.", **error_responses(400, 401, 404, 503)},
    )
    def get(self, vm: str) -> Response:
        """Its libvirt domain XML, as its admin gave it; the ETag is the version that `modify` asks for."""
        read_query(Nothing)
        xml = service().vm_xml(vm)
        response = Response(xml, content_type="application/xml; charset=utf-8")
        response.set_etag(version_of(xml))
        response.headers["Cache-Control"] = "no-store"
        return response


class VmHardware(Door):
    @document_read("vm_hardware", "Hardware")
    def get(self, vm: str) -> Response:
        """Its vCPUs, memory, networks and volumes, as defined."""
        read_query(Nothing)
        return answer_record(service().vm_hardware(vm))


class VmVcpus(Door):
    @document_read("vm_vcpu_get", "Vcpus")
    def get(self, vm: str) -> Response:
        """Its virtual CPUs, as defined."""
        read_query(Nothing)
        return answer_record(service().vm_hardware(vm).vcpus)


class VmMemory(Door):
    @document_read("vm_memory_get", "Memory")
    def get(self, vm: str) -> Response:
        """Its memory, as defined."""
        read_query(Nothing)
        return answer_record(service().vm_hardware(vm).memory)


class VmNetworks(Door):
    @document_read("vm_network_get", "NetworkDevice", many=True)
    def get(self, vm: str) -> Response:
        """Its network interfaces, as defined."""
        read_query(Nothing)
        return answer(NETWORKS.dump_json(service().vm_hardware(vm).networks))


class VmVolumes(Door):
    @document_read("vm_volume_get", "VolumeDevice", many=True)
    def get(self, vm: str) -> Response:
        """Its disks, as defined."""
        read_query(Nothing)
        return answer(VOLUMES.dump_json(service().vm_hardware(vm).volumes))


def offer_edits(routes: Namespace) -> None:
    offer(routes, ModifyVm, beside=VmXml)
    offer(routes, RenameVm)
    routes.add_resource(VmHardware, "/vm/<vm>/hardware")
    offer(routes, SetVmVcpus, beside=VmVcpus)
    offer(routes, SetVmMemory, beside=VmMemory)
    offer(routes, AddVmNetwork, RemoveVmNetwork, beside=VmNetworks)
    offer(routes, AddVmVolume, RemoveVmVolume, beside=VmVolumes)
