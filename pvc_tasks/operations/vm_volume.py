"""`vm volume add` and `vm volume remove`."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists
from pvc_core.model.hardware import COLD_BUSES
from pvc_core.model.operations import AddVmVolume, RemoveVmVolume
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Store
from pvc_core.xml.devices import (
    Ambiguous,
    device_keys,
    disk_of,
    find_device,
    free_disk_id,
    load_device,
    names_of,
    volume_xml,
    with_device,
    without_device,
)
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.operations.domain_edit import EditVmHandler
from pvc_tasks.operations.edit_live import Notes
from pvc_tasks.operations.edit_record import not_defined


class AddVmVolumeHandler(EditVmHandler[AddVmVolume]):
    operation = AddVmVolume

    def choose(self, asked: AddVmVolume, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        taken = {key for xml in xmls for key in device_keys(xml, "disk")}
        disk_id = asked.disk_id or free_disk_id(asked.bus, taken)
        if disk_id in taken:
            raise AlreadyExists(f"{vm.name} has a disk {disk_id} already", "Leave --disk-id out.")
        if asked.volume in taken:
            raise AlreadyExists(f"{asked.volume} is a disk of {vm.name} already")
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
        """The guest's and the definition's are chosen each by itself: they may have come to differ."""
        stored, *live = xmls
        found = find_device(live[0], "disk", [asked.volume]) if live else None
        defined = find_device(stored, "disk", [asked.volume])
        if defined is None:
            raise not_defined(vm, "volume", [asked.volume], found)
        _check_same(vm, asked.volume, defined, found)
        return {"defined_as": names_of(defined), "guests": disk_of(found).disk_id if found else None}

    def edit(self, asked: RemoveVmVolume, notes: Notes, xml: str) -> str:
        return without_device(xml, "disk", notes["defined_as"])

    def beyond(self, asked: RemoveVmVolume, live: str) -> str:
        found = find_device(live, "disk", [asked.volume])
        return "" if found is None else _beyond(disk_of(found).bus)

    def is_so(self, asked: RemoveVmVolume, notes: Notes, live: str) -> bool:
        return notes["guests"] is None or find_device(live, "disk", [notes["guests"]]) is None

    def act(self, asked: RemoveVmVolume, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.detach(uuid, load_device(live, "disk", [notes["guests"]]))

    def words(self, asked: RemoveVmVolume, notes: Notes) -> str:
        return f"no disk {asked.volume}"


def _beyond(bus: str | None) -> str:
    return f"the {bus} bus takes and gives up disks only while it is off" if bus in COLD_BUSES else ""


def _check_same(vm: VmSpec, named: str, defined: str, found: str | None) -> None:
    """Raises Ambiguous where a disk id is one disk's in the guest and another's in the definition."""
    volumes = [disk_of(device).volume for device in (defined, found) if device is not None]
    if len(set(volumes)) > 1:
        raise Ambiguous(
            f"{named} is {volumes[0]} in the definition of {vm.name} and {volumes[1]} in its running guest",
            "Name the volume itself, or repeat with --no-live.",
        )
