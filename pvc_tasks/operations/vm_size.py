"""`vm vcpu set` and `vm memory set`."""

from __future__ import annotations

from typing import ClassVar

from pvc_core.model.operations import SetVmMemory, SetVmVcpus
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Store
from pvc_core.xml.hardware import parse_hardware
from pvc_core.xml.sizes import with_memory, with_vcpus
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.operations.domain_edit import EditVmHandler
from pvc_tasks.operations.edit_live import Notes


class SetVmVcpusHandler(EditVmHandler[SetVmVcpus]):
    operation = SetVmVcpus

    def choose(self, asked: SetVmVcpus, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        hardware = parse_hardware(xmls[0])
        return {"partly": asked.topology not in (None, hardware.vcpus.topology) or asked.maximum is not None}

    def edit(self, asked: SetVmVcpus, notes: Notes, xml: str) -> str:
        return with_vcpus(xml, asked.vcpus, asked.maximum, asked.topology)

    def beyond(self, asked: SetVmVcpus, live: str) -> str:
        most = parse_hardware(live).vcpus.maximum
        return f"it was started with room for {most}" if asked.vcpus > most else ""

    def is_so(self, asked: SetVmVcpus, notes: Notes, live: str) -> bool:
        return parse_hardware(live).vcpus.vcpus == asked.vcpus

    def act(self, asked: SetVmVcpus, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.set_vcpus(uuid, asked.vcpus)

    def words(self, asked: SetVmVcpus, notes: Notes) -> str:
        return f"{asked.vcpus} vCPUs" if asked.vcpus > 1 else "1 vCPU"


class SetVmMemoryHandler(EditVmHandler[SetVmMemory]):
    operation = SetVmMemory
    patience_s: ClassVar[float] = 5.0
    must_be_seen: ClassVar[bool] = False
    told_by_record: ClassVar[bool] = True

    def choose(self, asked: SetVmMemory, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        return {}

    def edit(self, asked: SetVmMemory, notes: Notes, xml: str) -> str:
        return with_memory(xml, asked.mib)

    def beyond(self, asked: SetVmMemory, live: str) -> str:
        most = parse_hardware(live).memory.memory_mib
        return f"it was started with {most} MiB" if asked.mib > most else ""

    def is_so(self, asked: SetVmMemory, notes: Notes, live: str) -> bool:
        return parse_hardware(live).memory.current_mib == asked.mib

    def act(self, asked: SetVmMemory, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.set_memory(uuid, asked.mib)

    def words(self, asked: SetVmMemory, notes: Notes) -> str:
        return f"{asked.mib} MiB of memory"
