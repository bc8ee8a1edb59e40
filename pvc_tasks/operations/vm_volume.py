"""`vm volume add` and `vm volume remove`."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists
from pvc_core.model.hardware import COLD_BUSES
from pvc_core.model.operations import AddVmVolume, RemoveVmVolume
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Store
from pvc_core.store.look import look_at_cluster
from pvc_core.xml.devices import (
    device_keys,
    disk_id_of,
    disk_of,
    find_device,
    free_disk_id,
    load_device,
    volume_xml,
    with_device,
    without_device,
)
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.operations.domain_edit import EditVmHandler
from pvc_tasks.operations.edit_live import Notes


class AddVmVolumeHandler(EditVmHandler[AddVmVolume]):
    operation = AddVmVolume

    def choose(self, asked: AddVmVolume, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        taken = {key for xml in xmls for key in device_keys(xml, "disk")}
        disk_id = asked.disk_id or free_disk_id(asked.bus, taken)
        if disk_id in taken:
            raise AlreadyExists(f"{vm.name} has a disk {disk_id} already", "Leave --disk-id out.")
        if asked.volume in taken:
            raise AlreadyExists(f"{asked.volume} is a disk of {vm.name} already")
        _check_nobodys(store, vm, asked.volume)
        device = volume_xml(xmls[0], asked.type, asked.volume, disk_id, asked.bus, asked.image)
        return {"disk": disk_id, "device": device}

    def edit(self, asked: AddVmVolume, notes: Notes, xml: str) -> str:
        return with_device(xml, notes["device"])

    def beyond(self, asked: AddVmVolume, live: str) -> str:
        return _beyond(asked.bus)

    def is_so(self, asked: AddVmVolume, notes: Notes, live: str) -> bool:
        return find_device(live, "disk", [notes["disk"], asked.volume]) is not None

    def act(self, asked: AddVmVolume, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.attach(uuid, notes["device"])

    def words(self, asked: AddVmVolume, notes: Notes) -> str:
        return f"{asked.volume} as {notes['disk']}"


class RemoveVmVolumeHandler(EditVmHandler[RemoveVmVolume]):
    operation = RemoveVmVolume

    def choose(self, asked: RemoveVmVolume, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        stored, *live = xmls
        found = find_device(live[0], "disk", [asked.volume]) if live else None
        return {"disk": disk_id_of(found or load_device(stored, "disk", [asked.volume]))}

    def edit(self, asked: RemoveVmVolume, notes: Notes, xml: str) -> str:
        return without_device(xml, "disk", [notes["disk"]])

    def beyond(self, asked: RemoveVmVolume, live: str) -> str:
        found = find_device(live, "disk", [asked.volume])
        return "" if found is None else _beyond(disk_of(found).bus)

    def is_so(self, asked: RemoveVmVolume, notes: Notes, live: str) -> bool:
        return find_device(live, "disk", [notes["disk"]]) is None

    def act(self, asked: RemoveVmVolume, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.detach(uuid, load_device(live, "disk", [notes["disk"]]))

    def words(self, asked: RemoveVmVolume, notes: Notes) -> str:
        return f"no disk {notes['disk']}"


def _beyond(bus: str | None) -> str:
    return f"the {bus} bus takes and gives up disks only while it is off" if bus in COLD_BUSES else ""


def _check_nobodys(store: Store, vm: VmSpec, volume: str) -> None:
    """Two guests that write to one image destroy it."""
    for other in look_at_cluster(store).vms.values():
        if other.uuid != vm.uuid and volume in other.held_disks:
            raise AlreadyExists(
                f"{volume} is a disk of {other.name}", "Take it from there first, or use another image."
            )
