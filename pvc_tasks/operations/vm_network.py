"""`vm network add` and `vm network remove`."""

from __future__ import annotations

from pvc_core.errors import AlreadyExists
from pvc_core.model.operations import AddVmNetwork, RemoveVmNetwork
from pvc_core.model.vm import VmSpec
from pvc_core.store.documents import Store
from pvc_core.xml.devices import (
    device_keys,
    find_device,
    interface_of,
    load_device,
    names_of,
    network_xml,
    with_device,
    without_device,
)
from pvc_drivers.hypervisor.port import Hypervisor
from pvc_tasks.ids import digest
from pvc_tasks.operations.domain_edit import EditVmHandler
from pvc_tasks.operations.edit_live import Notes
from pvc_tasks.operations.edit_record import not_defined

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
        """The guest's and the definition's are chosen each by itself: they may have come to differ."""
        keys = [key for key in (asked.network, asked.macaddr and asked.macaddr.lower()) if key]
        stored, *live = xmls
        found = find_device(live[0], "interface", keys) if live else None
        defined = find_device(stored, "interface", keys) or _without_macaddr(stored, found)
        if defined is None:
            raise not_defined(vm, "network", keys, found)
        return {"keys": keys, "defined_as": names_of(defined), "guests": names_of(found) if found else []}

    def edit(self, asked: RemoveVmNetwork, notes: Notes, xml: str) -> str:
        return without_device(xml, "interface", notes["defined_as"])

    def is_so(self, asked: RemoveVmNetwork, notes: Notes, live: str) -> bool:
        return not notes["guests"] or find_device(live, "interface", notes["guests"]) is None

    def act(self, asked: RemoveVmNetwork, notes: Notes, hypervisor: Hypervisor, uuid: str, live: str) -> None:
        hypervisor.detach(uuid, load_device(live, "interface", notes["guests"]))

    def words(self, asked: RemoveVmNetwork, notes: Notes) -> str:
        return f"no interface {' '.join(notes['keys'])}"


def _without_macaddr(stored: str, found: str | None) -> str | None:
    """An interface that was defined without a MAC address has one only while it runs."""
    network = interface_of(found).network if found is not None else None
    defined = None if network is None else find_device(stored, "interface", [network])
    return defined if defined is not None and interface_of(defined).macaddr is None else None


def new_macaddr(seed: str) -> str:
    """The same for the same task, whoever resumes it."""
    tail = digest("mac", seed)[:6]
    return ":".join((OUI, tail[:2], tail[2:4], tail[4:]))
