"""Changing a VM's size and devices: its definition, and the guest while it runs."""

from __future__ import annotations

from typing import Any

import pytest
from cluster import DoorCluster, domain_xml
from engine_checks import Doom, check_sound

from pvc_core.decide.sharing import DiskTaken
from pvc_core.errors import AlreadyExists, InvalidRequest, NoPlacement, NotFound, PvcError, WrongState
from pvc_core.model.hardware import Bus, Hardware, VolumeType
from pvc_core.model.job import Job
from pvc_core.model.operations import (
    AddVmNetwork,
    AddVmVolume,
    DefineVm,
    ModifyVm,
    Operation,
    RemoveVmNetwork,
    RemoveVmVolume,
    SetVmMemory,
    SetVmVcpus,
    StartVm,
    StopVm,
)
from pvc_core.xml.hardware import parse_hardware

MAC = "52:54:00:aa:bb:cc"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvc_tasks.operations.edit_live.LOOK_AGAIN_S", 0.05)
    monkeypatch.setattr("pvc_tasks.operations.domain_edit.EditVmHandler.patience_s", 1.0)


def run_vm(cluster: DoorCluster, name: str = "vm1", vcpus: str = "<vcpu current='1'>4</vcpu>") -> str:
    xml = domain_xml(name, 512).replace("<vcpu>1</vcpu>", vcpus)
    uuid = str(cluster.submit(DefineVm(xml=xml, node="hv1")).result["uuid"])
    assert cluster.run(StartVm(vm=uuid)).state == "succeeded"
    return uuid


def live(cluster: DoorCluster, uuid: str) -> Hardware:
    return parse_hardware(cluster.fleet.node("hv1").xml(uuid))


def defined(cluster: DoorCluster, uuid: str) -> Hardware:
    return cluster.service.vm_hardware(uuid)


def succeed(cluster: DoorCluster, operation: Operation) -> Job:
    job = cluster.run(operation)
    assert job.state == "succeeded", (job.error, job.log)
    return job


def test_a_stopped_vm_is_changed_in_its_definition(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    for asked in (
        SetVmVcpus(vm="vm1", vcpus=4, topology="1,2,2"),
        SetVmMemory(vm="vm1", mib=256),
        AddVmNetwork(vm="vm1", network="br0", macaddr=MAC.upper()),
        AddVmVolume(vm="vm1", volume="vms/a"),
    ):
        assert "next start" not in succeed(cluster, asked).text
    found = defined(cluster, uuid)
    assert (found.vcpus.vcpus, found.vcpus.topology, found.memory.memory_mib) == (4, "1,2,2", 256)
    assert (found.networks[0].macaddr, found.volumes[0].disk_id, found.restart_needed) == (MAC, "vda", False)
    spec = cluster.service.vm("vm1").spec
    assert (spec.vcpus, spec.memory_mib, spec.rbd_disks) == (4, 256, ("vms/a",))
    for gone in (RemoveVmNetwork(vm="vm1", network="br0"), RemoveVmVolume(vm="vm1", volume="vms/a")):
        succeed(cluster, gone)
    assert (defined(cluster, uuid).networks, cluster.service.vm("vm1").spec.rbd_disks) == ((), ())
    check_sound(cluster)


def test_a_running_guest_is_changed_at_once(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    for asked in (
        SetVmVcpus(vm="vm1", vcpus=3),
        AddVmNetwork(vm="vm1", network="br0", macaddr=MAC),
        AddVmVolume(vm="vm1", volume="vms/a"),
        AddVmVolume(vm="vm1", volume="/srv/b.img", type=VolumeType.FILE),
        RemoveVmVolume(vm="vm1", volume="/srv/b.img"),
    ):
        job = succeed(cluster, asked)
        assert job.result["restart_needed"] is False, job
    for found in (live(cluster, uuid), defined(cluster, uuid)):
        assert (found.vcpus.vcpus, found.vcpus.maximum) == (3, 4)
        assert [device.macaddr for device in found.networks] == [MAC]
        assert [device.volume for device in found.volumes] == ["vms/a"]
    spec = cluster.service.vm("vm1").spec
    assert (spec.rbd_disks, spec.running) == (("vms/a",), None)
    check_sound(cluster)


def test_what_the_guest_cannot_have_yet_counts_from_its_next_start(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    assert "it was started with room for 4" in succeed(cluster, SetVmVcpus(vm="vm1", vcpus=6)).text
    assert "it was started with 512 MiB" in succeed(cluster, SetVmMemory(vm="vm1", mib=1024)).text
    assert (live(cluster, uuid).vcpus.vcpus, live(cluster, uuid).memory.memory_mib) == (1, 512)
    assert cluster.service.node("hv1").memory_wanted_mib == 1024
    assert defined(cluster, uuid).restart_needed
    job = cluster.run(SetVmVcpus(vm="vm1", vcpus=5, live=True))
    assert (job.state, job.error and job.error.code) == ("failed", "WRONG_STATE")


def test_a_disk_on_ide_comes_and_goes_with_the_next_start(cluster: DoorCluster) -> None:
    """libvirt neither gives it to a running guest nor takes it from one."""
    uuid = run_vm(cluster)
    asked = AddVmVolume(vm="vm1", volume="/srv/cd.iso", type=VolumeType.FILE, bus=Bus.IDE)
    text = succeed(cluster, asked).text
    assert text.startswith("vm1: /srv/cd.iso as hda; from its next start (the ide bus")
    assert not live(cluster, uuid).volumes
    job = cluster.run(asked.model_copy(update={"volume": "/srv/b.iso", "live": True}))
    assert job.error is not None and "the ide bus" in job.error.message
    succeed(cluster, StopVm(vm="vm1"))
    succeed(cluster, StartVm(vm="vm1"))
    assert [one.disk_id for one in live(cluster, uuid).volumes] == ["hda"]
    assert "from its next start" in succeed(cluster, RemoveVmVolume(vm="vm1", volume="/srv/cd.iso")).text
    assert len(live(cluster, uuid).volumes) == 1 and not defined(cluster, uuid).volumes
    check_sound(cluster)


def test_libvirts_networks_have_longer_names_than_bridges(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    name = "a network & its long name"
    succeed(cluster, AddVmNetwork(vm="vm1", network=name, type="network"))
    assert [one.network for one in live(cluster, uuid).networks] == [name]
    succeed(cluster, RemoveVmNetwork(vm="vm1", network=name))
    assert defined(cluster, uuid).networks == ()


def test_a_smaller_guest_is_charged_its_old_size_until_it_is_gone(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    job = succeed(cluster, SetVmMemory(vm="vm1", mib=256))
    assert job.text == "vm1: 256 MiB of memory; wholly so from its next start"
    assert live(cluster, uuid).memory.current_mib == 256
    assert cluster.service.node("hv1").memory_wanted_mib == 512
    assert succeed(cluster, SetVmMemory(vm="vm1", mib=512)).result["restart_needed"] is False
    succeed(cluster, SetVmMemory(vm="vm1", mib=256))
    succeed(cluster, StopVm(vm="vm1"))
    succeed(cluster, StartVm(vm="vm1"))
    assert cluster.service.node("hv1").memory_wanted_mib == 256


def test_no_live_leaves_the_guest_alone(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    job = succeed(cluster, AddVmVolume(vm="vm1", volume="vms/a", live=False))
    assert job.text.endswith("from its next start")
    assert (live(cluster, uuid).volumes, cluster.service.vm("vm1").spec.rbd_disks) == ((), ("vms/a",))
    succeed(cluster, AddVmNetwork(vm="vm1", network="br0"))
    succeed(cluster, RemoveVmNetwork(vm="vm1", network="br0", live=False))
    assert (len(live(cluster, uuid).networks), defined(cluster, uuid).networks) == (1, ())
    assert defined(cluster, uuid).restart_needed


def test_no_live_needs_no_node(cluster: DoorCluster) -> None:
    run_vm(cluster)
    cluster.kill_worker("hv1")
    assert succeed(cluster, SetVmMemory(vm="vm1", mib=256, live=False)).worker != "hv1"


def test_growth_beyond_the_nodes_room_is_refused(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    with pytest.raises(NoPlacement, match="more are needed"):
        cluster.submit(SetVmMemory(vm="vm1", mib=100_000))
    assert defined(cluster, uuid).memory.memory_mib == 512


def test_a_refused_device_is_nowhere(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    cluster.fleet.faults.refuse_devices["vm1"] = 1
    job = cluster.run(AddVmVolume(vm="vm1", volume="vms/a"))
    assert job.error is not None and "--no-live" in job.error.remedy
    spec = cluster.service.vm("vm1").spec
    assert (defined(cluster, uuid).volumes, spec.held_disks, spec.running) == ((), (), None)
    check_sound(cluster)


def test_a_guest_that_clings_to_a_device_keeps_it(cluster: DoorCluster) -> None:
    uuid = run_vm(cluster)
    succeed(cluster, AddVmVolume(vm="vm1", volume="vms/a"))
    cluster.fleet.faults.clinging_guests.add("vm1")
    job = cluster.run(RemoveVmVolume(vm="vm1", volume="vda"))
    assert (job.state, job.error and job.error.code) == ("failed", "GUEST_UNWILLING")
    assert len(defined(cluster, uuid).volumes) == len(live(cluster, uuid).volumes) == 1
    check_sound(cluster)


def test_an_interface_defined_without_a_mac_address_is_found(cluster: DoorCluster) -> None:
    """libvirt gives it one; here the guest's, and the definition's lack of it, are both known by the net."""
    device = "<devices><interface type='bridge'><source bridge='br7'/></interface></devices></domain>"
    uuid = cluster.define("vm1", "hv1")
    cluster.submit(ModifyVm(vm="vm1", xml=domain_xml("vm1").replace("</domain>", device)))
    succeed(cluster, RemoveVmNetwork(vm="vm1", network="br7"))
    assert defined(cluster, uuid).networks == ()


NIC = "<interface type='bridge'>{}<source bridge='{}'/></interface>"
DISK = "<disk type='network'><source protocol='rbd' name='{}'/><target dev='{}' bus='virtio'/></disk>"
OTHER_MAC = "52:54:00:aa:bb:dd"


def nic(network: str, mac: str = "") -> str:
    return NIC.format(f"<mac address='{mac}'/>" if mac else "", network)


def with_devices(*devices: str) -> str:
    return domain_xml("vm1", 512).replace("</domain>", f"<devices>{''.join(devices)}</devices></domain>")


def run_with(cluster: DoorCluster, *devices: str) -> str:
    uuid = str(cluster.submit(DefineVm(xml=with_devices(*devices), node="hv1")).result["uuid"])
    succeed(cluster, StartVm(vm=uuid))
    return uuid


def test_an_interface_that_was_redefined_meanwhile_takes_no_other_with_it(cluster: DoorCluster) -> None:
    """The request was accepted for the one, and is carried out when the definition has it no more."""
    uuid = run_with(cluster, nic("br0", MAC), nic("br1", OTHER_MAC))
    cluster.kill_worker("hv1")
    job = cluster.submit(RemoveVmNetwork(vm="vm1", macaddr=MAC))
    cluster.submit(
        ModifyVm(vm="vm1", xml=with_devices(nic("br0", "52:54:00:aa:bb:ee"), nic("br1", OTHER_MAC)))
    )
    cluster.start_worker("hv1")
    ended = cluster.finish(job)
    assert ended.error is not None and ended.error.code == "NOT_FOUND"
    assert "only the running guest" in ended.error.message
    assert len(defined(cluster, uuid).networks) == len(live(cluster, uuid).networks) == 2
    check_sound(cluster)


def test_the_guests_interface_stands_for_the_one_defined_without_a_mac_address(cluster: DoorCluster) -> None:
    uuid = run_with(cluster, nic("br0", MAC), nic("br1", OTHER_MAC))
    cluster.submit(ModifyVm(vm="vm1", xml=with_devices(nic("br0"), nic("br1", OTHER_MAC))))
    succeed(cluster, RemoveVmNetwork(vm="vm1", network="br0"))
    for found in (live(cluster, uuid), defined(cluster, uuid)):
        assert [device.network for device in found.networks] == ["br1"]


def test_a_disk_is_taken_from_where_it_is_in_the_guest_and_where_it_is_in_the_definition(
    cluster: DoorCluster,
) -> None:
    uuid = run_with(cluster, DISK.format("vms/a", "vda"), DISK.format("vms/b", "vdb"))
    swapped = with_devices(DISK.format("vms/b", "vda"), DISK.format("vms/a", "vdb"))
    cluster.submit(ModifyVm(vm="vm1", xml=swapped))
    job = cluster.run(RemoveVmVolume(vm="vm1", volume="vda"))
    assert job.error is not None and job.error.code == "AMBIGUOUS", job
    assert "vda is vms/b in the definition of vm1 and vms/a" in job.error.message
    assert succeed(cluster, RemoveVmVolume(vm="vm1", volume="vms/a")).text.startswith("vm1: no disk vms/a")
    for found in (live(cluster, uuid), defined(cluster, uuid)):
        assert [device.volume for device in found.volumes] == ["vms/b"]
    assert cluster.service.vm("vm1").spec.rbd_disks == ("vms/b",)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (SetVmVcpus(vm="vm1", vcpus=4, maximum=2), InvalidRequest),
        (SetVmVcpus(vm="vm1", vcpus=4, topology="1,1,2"), InvalidRequest),
        (SetVmMemory(vm="vm1", mib=64, live=True), WrongState),
        (SetVmMemory(vm="nobody", mib=64), NotFound),
        (AddVmNetwork(vm="vm1", network="br0", macaddr=MAC), AlreadyExists),
        (RemoveVmNetwork(vm="vm1", network="br1"), NotFound),
        (AddVmVolume(vm="vm1", volume="vms/a"), AlreadyExists),
        (AddVmVolume(vm="vm1", volume="vms/c", disk_id="vda"), AlreadyExists),
        (AddVmVolume(vm="vm1", volume="vms/of2"), DiskTaken),
        (RemoveVmVolume(vm="vm1", volume="vms/of2"), NotFound),
    ],
)
def test_what_cannot_be_is_refused_at_the_door(
    cluster: DoorCluster, asked: Operation, kind: type[PvcError]
) -> None:
    cluster.define("vm1", "hv1")
    cluster.define("vm2", "hv1")
    succeed(cluster, AddVmNetwork(vm="vm1", network="br0", macaddr=MAC))
    succeed(cluster, AddVmVolume(vm="vm1", volume="vms/a"))
    succeed(cluster, AddVmVolume(vm="vm2", volume="vms/of2"))
    before = cluster.service.vm_xml("vm1")
    with pytest.raises(kind):
        cluster.submit(asked)
    assert cluster.service.vm_xml("vm1") == before


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        (AddVmVolume, {"volume": "noslash"}),
        (AddVmVolume, {"volume": "a/b\n"}),
        (AddVmVolume, {"volume": "/srv/\uffff.img", "type": "file"}),
        (AddVmVolume, {"volume": "vms/\ufffe"}),
        (RemoveVmVolume, {"volume": "\uffff"}),
        (AddVmVolume, {"volume": "relative.img", "type": "file"}),
        (AddVmVolume, {"volume": "vms/a", "image": "qcow2"}),
        (AddVmVolume, {"volume": "vms/a", "disk_id": "../vda"}),
        (AddVmNetwork, {"network": "a-name-that-is-too-long"}),
        (AddVmNetwork, {"network": "two\nlines", "type": "network"}),
        (RemoveVmNetwork, {"network": "two\nlines"}),
        (AddVmNetwork, {"network": "br0", "macaddr": "52:54:00:00:00"}),
        (AddVmNetwork, {"network": "br0", "macaddr": "53:54:00:00:00:01"}),
        (RemoveVmNetwork, {}),
        (SetVmVcpus, {"vcpus": 0}),
        (SetVmVcpus, {"vcpus": "4"}),
        (SetVmMemory, {"mib": 0}),
        (SetVmMemory, {"mib": 64, "live": "false"}),
    ],
)
def test_bad_fields_are_refused(operation: type[Operation], fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        operation.parse({"vm": "vm1", **fields})


@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "arrived"])
@pytest.mark.parametrize("at", range(1, 6))
def test_a_worker_that_dies_at_any_commit_leaves_it_done_once(
    cluster: DoorCluster, at: int, arrives: bool
) -> None:
    uuid = run_vm(cluster)
    doom = Doom(cluster, "hv1", at, arrives)
    job = cluster.submit(AddVmVolume(vm="vm1", volume="vms/a"))
    cluster.await_true(lambda: doom.struck or cluster.service.job(job.id).state.finished, "struck or done")
    if doom.struck:
        cluster.kill_worker("hv1")
        cluster.start_worker("hv1")
    assert cluster.finish(job).state == "succeeded"
    assert len(live(cluster, uuid).volumes) == len(defined(cluster, uuid).volumes) == 1
    assert cluster.service.vm("vm1").spec.running is None
    check_sound(cluster)
