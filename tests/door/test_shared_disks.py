"""One image, two VMs: refused, unless both definitions share it; and never both running."""

from __future__ import annotations

import pytest
from cluster import ME, DoorCluster
from storage import SlowBlocks, fill
from volumes import define_with, run_with, succeeded, xml_with

from pvc_core.decide.sharing import DiskTaken
from pvc_core.model.operations import AddVmVolume, DefineVm, ModifyVm, RestartVm, ShutdownVm, StartVm
from pvc_core.model.vm import VmSpec
from pvc_core.store import tree

SHARED = "<shareable/>"


@pytest.fixture
def blocks() -> SlowBlocks:
    return fill(SlowBlocks())


def record(storing: DoorCluster, vm: str) -> VmSpec:
    return storing.service.vm(vm).spec


def as_before(storing: DoorCluster, vm: str) -> None:
    """Its record as an earlier version left it: whether it shares anything is not in it."""
    seen = storing.service.store.load(tree.vm_spec(record(storing, vm).uuid))
    storing.service.store.commit(seen.save(seen.value.but(shareable_disks=())))


def two_on_one_image(storing: DoorCluster) -> None:
    """As an earlier version let them be defined: web1 on hv1, web2 on hv2."""
    for name, node in (("web1", "hv1"), ("web2", "hv2")):
        define_with(storing, name, "vms/web", node, SHARED)
    for name in ("web1", "web2"):
        as_before(storing, name)


def test_the_copy_of_a_definition_is_refused(storing: DoorCluster) -> None:
    run_with(storing, "web1", "vms/web")
    with pytest.raises(DiskTaken, match="vms/web is a disk of web1"):
        storing.submit(DefineVm(xml=xml_with("web2", "vms/web"), node="hv2"))
    with pytest.raises(DiskTaken):
        storing.submit(DefineVm(xml=xml_with("web2", "vms/web", SHARED), node="hv2"))
    assert [vm.spec.name for vm in storing.service.vms()] == ["web1"]


def test_a_vm_is_not_given_the_disk_of_another(storing: DoorCluster) -> None:
    define_with(storing, "web1", "vms/web")
    define_with(storing, "web2", "vms/db")
    with pytest.raises(DiskTaken, match="vms/web is a disk of web1"):
        storing.submit(ModifyVm(vm="web2", xml=xml_with("web2", "vms/web")))
    with pytest.raises(DiskTaken, match="vms/web is a disk of web1"):
        storing.submit(AddVmVolume(vm="web2", volume="vms/web"))
    assert record(storing, "web2").rbd_disks == ("vms/db",)


def test_what_both_share_both_run_with(storing: DoorCluster, blocks: SlowBlocks) -> None:
    run_with(storing, "web1", "vms/web", "hv1", SHARED)
    blocks.open_volume("vms", "web", "hv1.lab:0/7")
    run_with(storing, "web2", "vms/web", "hv2", SHARED)
    with pytest.raises(DiskTaken):
        storing.submit(ModifyVm(vm="web2", xml=xml_with("web2", "vms/web")))


def test_two_that_were_defined_on_one_image_before_do_not_run_at_once(storing: DoorCluster) -> None:
    """Not even on one node, where the storage shows no difference."""
    two_on_one_image(storing)
    succeeded(storing.run(StartVm(vm="web1")))
    with pytest.raises(DiskTaken, match=r"web2 is not started: web1 .* vms/web is a disk of both"):
        storing.submit(StartVm(vm="web2"))
    assert storing.where(record(storing, "web2").uuid) == []
    succeeded(storing.run(ShutdownVm(vm="web1")))
    succeeded(storing.run(StartVm(vm="web2")))


def test_who_is_started_later_than_accepted_looks_again(storing: DoorCluster) -> None:
    two_on_one_image(storing)
    storing.kill_worker("hv2")
    late = storing.service.submit(StartVm(vm="web2"), ME)
    succeeded(storing.run(StartVm(vm="web1")))
    storing.start_worker("hv2")
    job = storing.finish(late)
    assert job.error is not None and job.error.code == "DISK_TAKEN"
    assert (record(storing, "web2").state, storing.where(record(storing, "web2").uuid)) == ("stop", [])


def test_a_guest_that_might_not_be_started_again_is_not_ended_for_a_restart(storing: DoorCluster) -> None:
    for name, node in (("web1", "hv1"), ("web2", "hv2")):
        run_with(storing, name, "vms/web", node, SHARED)
    for name in ("web1", "web2"):
        as_before(storing, name)
    with pytest.raises(DiskTaken):
        storing.submit(RestartVm(vm="web1"))
    assert storing.where(record(storing, "web1").uuid) == ["hv1"]


def test_saving_a_definition_once_more_is_what_makes_an_old_record_share(storing: DoorCluster) -> None:
    two_on_one_image(storing)
    for name in ("web1", "web2"):
        storing.submit(ModifyVm(vm=name, xml=storing.service.vm_xml(name)))
        assert record(storing, name).shared_disks == ("vms/web",)
        succeeded(storing.run(StartVm(vm=name)))
