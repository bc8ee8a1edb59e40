"""`vm network add` and `vm network remove`."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists
from pvc_core.model.operations import AddVmNetwork, RemoveVmNetwork
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Store
from pvc_core.xml.devices import (
    device_keys,
    find_device,
    load_device,
    macaddr_of,
    network_xml,
    with_device,
    without_device,
)
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.ids import digest
from pvc_tasks.operations.domain_edit import EditVmHandler
from pvc_tasks.operations.edit_live import Notes

OUI = "52:54:00"
"""What libvirt itself gives to QEMU's interfaces."""


class AddVmNetworkHandler(EditVmHandler[AddVmNetwork]):
    operation = AddVmNetwork

    def choose(self, asked: AddVmNetwork, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        taken = {key for xml in xmls for key in device_keys(xml, "interface")}
        mac = (asked.macaddr or new_macaddr(seed)).lower()
        if mac in taken:
            raise AlreadyExists(f"{vm.name} has an interface with the MAC address {mac} already")
        return {"mac": mac}

    def edit(self, asked: AddVmNetwork, notes: Notes, xml: str) -> str:
        return with_device(xml, self._device(asked, notes))

    def is_so(self, asked: AddVmNetwork, notes: Notes, live: str) -> bool:
        return find_device(live, "interface", [notes["mac"]]) is not None

    def act(self, asked: AddVmNetwork, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.attach(uuid, self._device(asked, notes))

    def words(self, asked: AddVmNetwork, notes: Notes) -> str:
        return f"interface {notes['mac']} on {asked.network}"

    def _device(self, asked: AddVmNetwork, notes: Notes) -> str:
        return network_xml(asked.type, asked.network, notes["mac"], asked.model)


class RemoveVmNetworkHandler(EditVmHandler[RemoveVmNetwork]):
    operation = RemoveVmNetwork

    def choose(self, asked: RemoveVmNetwork, store: Store, vm: VmSpec, xmls: list[str], seed: str) -> Notes:
        """An interface that was defined without a MAC address has one only while it runs."""
        keys = [key for key in (asked.network, asked.macaddr and asked.macaddr.lower()) if key]
        stored, *live = xmls
        found = find_device(live[0], "interface", keys) if live else None
        mac = macaddr_of(found or load_device(stored, "interface", keys))
        by_mac = mac is not None and find_device(stored, "interface", [mac]) is not None
        return {"keys": keys, "mac": mac, "defined_as": [mac] if by_mac else [asked.network]}

    def edit(self, asked: RemoveVmNetwork, notes: Notes, xml: str) -> str:
        return without_device(xml, "interface", [key for key in notes["defined_as"] if key])

    def is_so(self, asked: RemoveVmNetwork, notes: Notes, live: str) -> bool:
        return find_device(live, "interface", [notes["mac"]]) is None

    def act(self, asked: RemoveVmNetwork, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.detach(uuid, load_device(live, "interface", [notes["mac"]]))

    def words(self, asked: RemoveVmNetwork, notes: Notes) -> str:
        return f"no interface {' '.join(notes['keys'])}"


def new_macaddr(seed: str) -> str:
    """The same for the same task, whoever resumes it."""
    tail = digest("mac", seed)[:6]
    return ":".join((OUI, tail[:2], tail[2:4], tail[4:]))
