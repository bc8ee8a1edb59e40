"""Devices and sizes are changed in the operator's own text; everything else survives."""

from __future__ import annotations

import pytest
from lxml import etree

from pvc_core.errors import InvalidRequest, NotFound, PvcError
from pvc_core.model.hardware import Bus, ImageFormat, VolumeType
from pvc_core.xml.cautions import find_cautions
from pvc_core.xml.devices import (
    Ambiguous,
    device_keys,
    find_device,
    free_disk_id,
    load_device,
    network_xml,
    volume_xml,
    with_device,
    without_device,
)
from pvc_core.xml.domain import parse_domain
from pvc_core.xml.hardware import parse_hardware
from pvc_core.xml.sizes import SizeUnclear, with_current_memory, with_memory, with_vcpus
from pvc_core.xml.version import version_of

MAC = "52:54:00:00:00:01"
FULL = """<domain type="qemu">
  <!-- mine -->
  <name>vm1</name>
  <memory unit="KiB">131072</memory>
  <devices>
    <disk type="network">
      <source protocol="rbd" name="vms/a"><host name="mon1" port="6789"/></source>
      <auth username="pvc"><secret type="ceph" uuid="11111111-2222-3333-4444-555555555555"/></auth>
      <target dev="vda" bus="virtio"/>
    </disk>
    <!-- keep -->
    <hologram depth="3"/>
  </devices>
</domain>"""
BARE = '<domain type="qemu"><name>vm1</name><memory>131072</memory></domain>'


def rbd(xml: str, volume: str = "vms/b", disk: str = "vdb") -> str:
    return volume_xml(xml, VolumeType.RBD, volume, disk, Bus.VIRTIO, ImageFormat.RAW)


def on(network: str, mac: str = MAC) -> str:
    return network_xml("bridge", network, mac, "virtio")


def test_a_disk_stands_behind_the_others_and_reaches_ceph_as_they_do() -> None:
    after = with_device(FULL, rbd(FULL))
    assert parse_domain(after).rbd_disks == ("vms/a", "vms/b")
    new = etree.fromstring(load_device(after, "disk", ["vdb"]))
    assert new.find("auth/secret") is not None
    assert new.find("source/host") is not None
    lines = after.splitlines()
    assert lines.index("    <!-- keep -->") > lines.index('      <target dev="vdb" bus="virtio"/>')


@pytest.mark.parametrize("xml", [FULL, BARE])
def test_what_was_put_in_and_taken_out_leaves_no_trace(xml: str) -> None:
    before = with_device(xml, on("br9", "52:54:00:00:00:09"))
    for tag, device, key in (("disk", rbd(xml), "vdb"), ("interface", on("br0"), MAC)):
        after = with_device(before, device)
        assert after != before
        assert without_device(after, tag, [key]) == before  # type: ignore[arg-type]


def test_unknown_elements_comments_and_layout_survive() -> None:
    after = with_memory(with_vcpus(with_device(FULL, on("br0")), 2, 4), 512)
    for line in ("  <!-- mine -->", '    <hologram depth="3"/>', "    <!-- keep -->"):
        assert line in after.splitlines()
    assert "    <interface" in after


def test_a_device_is_named_by_any_of_its_keys() -> None:
    xml = with_device(with_device(FULL, on("br0")), on("br1", "52:54:00:00:00:02"))
    assert device_keys(xml, "interface") == {"br0", "br1", MAC, "52:54:00:00:00:02"}
    assert find_device(xml, "interface", ["br1", MAC]) is None
    assert find_device(xml, "disk", ["vms/a"]) == find_device(xml, "disk", ["vda"]) is not None
    with pytest.raises(NotFound):
        load_device(xml, "disk", ["vdz"])
    with pytest.raises(Ambiguous, match="2 networks are br0"):
        find_device(with_device(xml, on("br0", "52:54:00:00:00:03")), "interface", ["br0"])


def test_only_one_device_is_ever_taken_out_and_only_a_named_one() -> None:
    xml = with_device(with_device(FULL, on("br0")), on("br0", "52:54:00:00:00:02"))
    with pytest.raises(Ambiguous):
        without_device(xml, "interface", ["br0"])
    with pytest.raises(ValueError, match="every network"):
        without_device(xml, "interface", [])


def test_disk_ids_go_on_behind_z() -> None:
    assert free_disk_id(Bus.VIRTIO, {"vda"}) == "vdb"
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert free_disk_id(Bus.SCSI, {f"sd{letter}" for letter in letters}) == "sdaa"


def test_vcpus_keep_their_maximum_until_they_outgrow_it() -> None:
    hardware = parse_hardware(with_vcpus(BARE, 2, 4)).vcpus
    assert (hardware.vcpus, hardware.maximum) == (2, 4)
    assert parse_hardware(with_vcpus(with_vcpus(BARE, 2, 4), 3)).vcpus.maximum == 4
    grown = with_vcpus(with_vcpus(BARE, 2, 4), 8)
    assert parse_hardware(grown).vcpus.maximum == parse_hardware(grown).vcpus.vcpus == 8
    assert "current" not in grown


def test_a_topology_makes_the_maximum() -> None:
    after = parse_hardware(with_vcpus(FULL, 2, None, "1,2,2")).vcpus
    assert (after.vcpus, after.maximum, after.topology) == (2, 4, "1,2,2")


LISTED = "<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes'/><vcpu id='1' enabled='no'/></vcpus><memory>"


def test_vcpus_that_are_listed_are_counted_as_libvirt_does() -> None:
    xml = BARE.replace("<memory>", LISTED)
    assert parse_domain(xml).vcpus == parse_hardware(xml).vcpus.vcpus == 1
    assert parse_hardware(with_vcpus(xml, 1, None, "1,2,1")).vcpus.topology == "1,2,1"
    with pytest.raises(PvcError, match="none that is enabled"):
        parse_domain(xml.replace("yes", "no"))


@pytest.mark.parametrize(
    ("xml", "count", "maximum", "topology", "kind"),
    [
        (BARE, 4, 2, None, InvalidRequest),
        (BARE, 5, None, "1,2,2", InvalidRequest),
        (BARE, 1, None, "0,2,2", InvalidRequest),
        (BARE, 2, 8, "1,2,2", InvalidRequest),
        (with_vcpus(BARE, 4, None, "1,2,2"), 6, None, None, InvalidRequest),
        (
            BARE.replace("</domain>", "<cpu><topology sockets='two'/></cpu></domain>"),
            2,
            None,
            None,
            SizeUnclear,
        ),
        (BARE.replace("<memory>", LISTED), 4, None, None, SizeUnclear),
        (BARE.replace("<memory>", LISTED), 2, None, None, SizeUnclear),
    ],
)
def test_vcpus_that_cannot_be(
    xml: str, count: int, maximum: int | None, topology: str | None, kind: type[PvcError]
) -> None:
    with pytest.raises(kind):
        with_vcpus(xml, count, maximum, topology)


def test_memory_is_all_there_from_the_start() -> None:
    less = with_current_memory(with_memory(FULL, 512), 256)
    assert (parse_hardware(less).memory.memory_mib, parse_hardware(less).memory.current_mib) == (512, 256)
    again = parse_hardware(with_memory(less, 300)).memory
    assert (again.memory_mib, again.current_mib) == (300, 300)


def test_divided_memory_is_left_to_the_editor() -> None:
    cells = "<cpu><numa><cell id='0' cpus='0' memory='1024'/></numa></cpu></domain>"
    with pytest.raises(SizeUnclear, match="NUMA"):
        with_memory(BARE.replace("</domain>", cells), 512)


def test_what_may_keep_a_vm_from_moving_is_named_with_its_line() -> None:
    assert find_cautions(FULL) == ()
    file = volume_xml(BARE, VolumeType.FILE, "/srv/a.img", "vda", Bus.VIRTIO, ImageFormat.RAW)
    odd = with_device(FULL, file).replace("<devices>", "<cpu mode='host-passthrough'/><devices>")
    local, cpu = find_cautions(odd)
    assert "line 11: /srv/a.img is local" in local
    assert "line 5: host-passthrough" in cpu


def test_of_cards_that_nothing_tells_apart_the_xml_itself_is_changed() -> None:
    card = "<interface type='bridge'><source bridge='br0'/></interface>"
    with pytest.raises(Ambiguous, match="2 networks are br0: br0, br0") as refused:
        find_device(with_device(with_device(BARE, card), card), "interface", ["br0"])
    assert "pvc vm modify" in refused.value.remedy


def test_a_network_card_that_is_another_one_at_each_start_is_named() -> None:
    card = "<interface type='bridge'>{}<source bridge='br0'/></interface>"
    xml = BARE.replace("</domain>", f"<devices>{card.format('')}</devices></domain>")
    (told,) = find_cautions(xml)
    assert "no <mac address='...'/>" in told and "another address at each start" in told
    assert find_cautions(with_device(BARE, card.format(f"<mac address='{MAC}'/>"))) == ()


def test_a_version_is_of_the_text() -> None:
    assert version_of(FULL) == version_of(FULL) != version_of(FULL + " ")


def test_images_that_no_record_names_are_told() -> None:
    backing = "<backingStore type='network'><source protocol='rbd' name='vms/base'/></backingStore>"
    mirror = "<mirror type='network'><source protocol='rbd' name='vms/copy'/></mirror>"
    overlay = f"<disk type='file'><source file='/srv/a.qcow2'/>{backing}{mirror}</disk>"
    pooled = "<disk type='volume'><source pool='rbdpool' volume='web'/></disk>"
    xml = BARE.replace("</domain>", f"<devices>{overlay}{pooled}</devices></domain>")
    _, base, copy, volume = find_cautions(xml)
    assert "vms/base in <backingStore>: PVC does not know of it" in base
    assert "vms/copy in <mirror>" in copy and "web of libvirt's pool rbdpool: every node" in volume


@pytest.mark.parametrize(("name", "told"), [("vms/web", 0), ("vms/team/web", 1), ("web", 1)])
def test_an_image_that_the_storage_does_not_list_is_told(name: str, told: int) -> None:
    disk = f"<disk type='network'><source protocol='rbd' name='{name}'/></disk>"
    found = find_cautions(BARE.replace("</domain>", f"<devices>{disk}</devices></domain>"))
    assert len(found) == told and all(f"the image {name} is not POOL/VOLUME" in one for one in found)
