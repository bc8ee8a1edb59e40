"""Replacing a VM's definition, and renaming it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster import DoorCluster, MakeCluster, domain_xml
from engine_checks import await_job, await_moving, check_sound

from pvc_core.errors import AlreadyExists, InvalidXml, LockedByJob, NoPlacement, PvcError, WrongState
from pvc_core.model.operations import (
    DefineVm,
    MigrateVm,
    ModifyVm,
    RenameVm,
    RestartVm,
    ShutdownVm,
    StartVm,
)
from pvc_core.store import tree
from pvc_core.xml.version import version_of
from pvc_tasks.grammar import check_domain
from pvc_tasks.operations.vm_modify import DefinitionChanged

OTHER = "11111111-2222-4333-8444-555555555555"
SCHEMAS = Path("/usr/share/libvirt/schemas")
DISK = "<disk type='network'><source protocol='rbd' name='{}'/><target dev='vda' bus='virtio'/></disk>"

schema = pytest.mark.skipif(not (SCHEMAS / "domain.rng").exists(), reason="needs Debian's package libvirt0")


def with_disk(name: str, volume: str, memory_mib: int = 128) -> str:
    devices = f"<devices>{DISK.format(volume)}</devices></domain>"
    return domain_xml(name, memory_mib).replace("</domain>", devices)


def records(cluster: DoorCluster, vm: str) -> tuple[object, ...]:
    names = cluster.service.store.names(tree.VM_NAMES)
    return cluster.service.vm(vm).spec, cluster.service.vm_xml(vm), names


def test_the_record_follows_the_definition(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    job = cluster.submit(ModifyVm(vm="vm1", xml=with_disk("vm1", "vms/a", 256)))
    assert (job.state, job.text) == ("succeeded", "vm1 is redefined")
    spec = cluster.service.vm("vm1").spec
    assert (spec.memory_mib, spec.rbd_disks, spec.running) == (256, ("vms/a",), None)
    xml = cluster.service.vm_xml("vm1")
    assert f"<uuid>{uuid}</uuid>" in xml and job.result["version"] == version_of(xml)
    assert "xml" not in job.fields or job.fields["xml"].startswith("sha256:")


def test_what_runs_is_remembered_until_it_is_gone(cluster: DoorCluster) -> None:
    """Its node keeps free what the larger of the two needs, and all its disks are known."""
    cluster.submit(DefineVm(xml=with_disk("vm1", "vms/a", 512), node="hv1"))
    cluster.run(StartVm(vm="vm1"))
    job = cluster.submit(ModifyVm(vm="vm1", xml=with_disk("vm1", "vms/b", 256)))
    assert job.text.endswith("takes effect at its next start")
    spec = cluster.service.vm("vm1").spec
    assert (spec.memory_mib, spec.charge_mib, set(spec.held_disks)) == (256, 512, {"vms/a", "vms/b"})
    assert cluster.service.node("hv1").memory_wanted_mib == 512
    assert cluster.run(RestartVm(vm="vm1", force=True)).state == "succeeded"
    spec = cluster.service.vm("vm1").spec
    assert (spec.charge_mib, spec.held_disks, spec.running) == (256, ("vms/b",), None)
    check_sound(cluster)


def test_a_migration_carries_the_old_size_along(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1", 512)
    cluster.submit(ModifyVm(vm="vm1", xml=domain_xml("vm1", 256)))
    assert cluster.run(MigrateVm(vm=uuid, target="hv2")).state == "succeeded"
    assert cluster.service.node("hv2").memory_wanted_mib == 512
    assert cluster.run(ShutdownVm(vm=uuid)).state == "succeeded"
    assert cluster.service.vm("vm1").spec.running is None


def test_a_running_vm_does_not_outgrow_its_node(cluster: DoorCluster) -> None:
    cluster.run_vm("vm1", "hv1", 1024)
    before = records(cluster, "vm1")
    with pytest.raises(NoPlacement, match="more are needed"):
        cluster.submit(ModifyVm(vm="vm1", xml=domain_xml("vm1", 8192)))
    assert records(cluster, "vm1") == before
    job = cluster.submit(ModifyVm(vm="vm1", xml=domain_xml("vm1", 2048)))
    assert (job.state, cluster.service.node("hv1").memory_wanted_mib) == ("succeeded", 2048)


def test_of_two_editors_the_second_is_told(cluster: DoorCluster) -> None:
    cluster.define("vm1", "hv1")
    opened = version_of(cluster.service.vm_xml("vm1"))
    cluster.submit(ModifyVm(vm="vm1", xml=domain_xml("vm1", 256), version=opened))
    before = records(cluster, "vm1")
    with pytest.raises(DefinitionChanged, match="changed since it was opened") as caught:
        cluster.submit(ModifyVm(vm="vm1", xml=domain_xml("vm1", 512), version=opened))
    assert caught.value.details["version"] == version_of(cluster.service.vm_xml("vm1")) != opened
    assert records(cluster, "vm1") == before


@pytest.mark.parametrize(
    ("xml", "kind", "words"),
    [
        ("<domain", InvalidXml, "not well-formed"),
        (domain_xml("vm1", uuid=OTHER), InvalidXml, f"the UUID {OTHER}"),
        (domain_xml("vm2"), InvalidXml, "the name vm2"),
        ("<!DOCTYPE d [<!ENTITY a 'b'>]>" + domain_xml("vm1"), InvalidXml, "line 1: a DTD"),
        pytest.param(
            domain_xml("vm1").replace("<vcpu>", "<clock offset='soon'/><vcpu>"),
            InvalidXml,
            "line 1: <clock offset='soon'>",
            marks=schema,
        ),
    ],
)
def test_what_cannot_be_saved_changes_nothing(
    cluster: DoorCluster, xml: str, kind: type[PvcError], words: str
) -> None:
    cluster.define("vm1", "hv1")
    before, jobs = records(cluster, "vm1"), cluster.service.store.names(tree.JOBS)
    with pytest.raises(kind, match=words):
        cluster.submit(ModifyVm(vm="vm1", xml=xml))
    assert (records(cluster, "vm1"), cluster.service.store.names(tree.JOBS)) == (before, jobs)


@schema
def test_what_libvirt_overlooks_is_kept_and_said(cluster: DoorCluster) -> None:
    xml = domain_xml("vm1").replace("<vcpu>", "<hologram depth='3'/>\n<vcpu>")
    job = cluster.submit(DefineVm(xml=xml))
    assert job.result["warnings"] == ["line 1: libvirt ignores <hologram>"]
    assert "<hologram" in cluster.service.vm_xml("vm1")


@schema
def test_an_empty_uuid_is_filled_in_as_a_missing_one_is(cluster: DoorCluster) -> None:
    xml = domain_xml("vm1").replace("<memory", "<uuid></uuid><memory")
    uuid = cluster.submit(DefineVm(xml=xml)).result["uuid"]
    assert f"<uuid>{uuid}</uuid>" in cluster.service.vm_xml("vm1")


@schema
def test_an_order_that_only_the_schema_minds_is_a_warning(cluster: DoorCluster) -> None:
    """libvirt takes the parts in any order, and so do we."""
    uuid = "<uuid>11111111-2222-4333-8444-555555555555</uuid>"
    job = cluster.submit(DefineVm(xml=domain_xml("vm1").replace("<vcpu>", f"{uuid}<vcpu>")))
    assert "order or combination" in job.result["warnings"][0]


@schema
def test_a_fault_is_named_with_its_line_and_element() -> None:
    xml = "<domain type='qemu'>\n<name>vm1</name>\n<memory>1</memory>\n<devices>\n{}\n</devices>\n</domain>"
    for device, words in (
        ("<disk type='file' device='flopy'><target dev='vda'/></disk>", "line 5: <disk> .* device='flopy'"),
        ("<disk type='file'>\n<target dev='vda' bus='virtoo'/></disk>", "line 6: <target> .* bus='virtoo'"),
        ("<interface type='bridge'><source/></interface>", "line 5: <source> is not accepted in <interface>"),
    ):
        with pytest.raises(InvalidXml, match=words):
            check_domain(xml.format(device), SCHEMAS)


def test_without_a_schema_one_is_warned_and_not_stopped(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(nodes=1, hypervisor={"schemas": str(tmp_path / "nowhere")})
    job = cluster.submit(DefineVm(xml=domain_xml("vm1")))
    assert "not checked against libvirt's schema" in job.result["warnings"][0]


def test_a_rename_moves_all_that_hangs_on_the_name(cluster: DoorCluster) -> None:
    uuid = cluster.define("vm1", "hv1")
    job = cluster.submit(RenameVm(vm="vm1", new="shop1"))
    assert (job.text, job.about) == ("vm1 is shop1 now", "shop1")
    assert cluster.service.store.names(tree.VM_NAMES) == ("shop1",)
    assert "<name>shop1</name>" in cluster.service.vm_xml(uuid)
    assert cluster.run(StartVm(vm="shop1")).state == "succeeded"
    assert cluster.fleet.node("hv1").domains()[0].name == "shop1"
    cluster.define("vm1", "hv2")
    check_sound(cluster)


def test_what_cannot_be_renamed_changes_nothing(cluster: DoorCluster) -> None:
    cluster.run_vm("up1", "hv1")
    cluster.define("vm1", "hv1")
    cluster.define("vm2", "hv1")
    before = [records(cluster, name) for name in ("up1", "vm1", "vm2")]
    for vm, new, kind in (
        ("up1", "up2", WrongState),
        ("vm1", "vm2", AlreadyExists),
        ("vm1", "vm1", WrongState),
        ("vm1", cluster.service.vm("vm2").spec.uuid, AlreadyExists),
    ):
        with pytest.raises(kind):
            cluster.submit(RenameVm(vm=vm, new=new))
    assert [records(cluster, name) for name in ("up1", "vm1", "vm2")] == before


def test_a_vm_a_job_is_at_work_on_keeps_its_definition(cluster: DoorCluster) -> None:
    uuid = cluster.run_vm("vm1", "hv1")
    cluster.fleet.faults.slow_migrations["vm1"] = 0.4
    move = cluster.submit(MigrateVm(vm=uuid, target="hv2"))
    await_moving(cluster)
    for asked in (ModifyVm(vm=uuid, xml=domain_xml("vm1", 64)), RenameVm(vm=uuid, new="vm2")):
        with pytest.raises(LockedByJob, match=move.id):
            cluster.submit(asked)
    await_job(cluster, move, state="succeeded")
    check_sound(cluster)
