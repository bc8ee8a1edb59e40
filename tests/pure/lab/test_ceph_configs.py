"""What the lab's Ceph is told."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pvc_core.config import parse_config
from pvc_core.errors import WrongState
from pvc_lab.ceph import conf, keys, place
from pvc_lab.errors import BadOption
from pvc_lab.furnish import binds, commands
from pvc_lab.guest import domain_xml
from pvc_lab.layout import Layout
from pvc_lab.parts import parts_of
from pvc_lab.product import api_settings, node_settings

LAB = Layout(Path("/var/lib/pvc-lab"), size=4, ceph=True)
PLAIN = Layout(Path("/var/lib/pvc-lab"), size=4)
HV1, HV2, _, HV4 = LAB.nodes


def test_coordinators_have_a_monitor_and_an_osd_and_the_manager_is_beside_them() -> None:
    names = [part.name for part in parts_of(LAB, with_product=True)]
    ceph = [name for name in names if name.rpartition("/")[2].startswith(("mon", "osd", "mgr"))]
    assert ceph == ["hv1/mon", "hv1/osd0", "hv2/mon", "hv2/osd1", "hv3/mon", "hv3/osd2", "mgr"]


def test_a_lab_without_ceph_has_nothing_of_it() -> None:
    kinds = {part.kind for part in parts_of(PLAIN, with_product=True)}
    assert not kinds & {"mon", "osd0", "mgr"}
    assert "/etc/ceph" not in [target for _, target in binds(PLAIN, HV1)]


def test_every_node_has_its_own_etc_ceph() -> None:
    assert (HV4.etc / "ceph", "/etc/ceph") in binds(LAB, HV4)


def test_daemons_bind_to_their_own_node() -> None:
    text = conf.render_node(LAB, HV2)
    assert "[mon.hv2]\npublic addr = 10.77.0.12\n" in text and "[osd.1]\n" in text
    assert "[osd.0]" not in text and "[mon.hv4]" not in conf.render_node(LAB, HV4)


def test_a_small_lab_asks_for_no_more_copies_than_it_has_osds() -> None:
    one = conf.common(Layout(Path("/tmp/lab"), size=1, ceph=True))["global"]
    assert (one["osd pool default size"], one["osd pool default min size"]) == (1, 1)


def test_every_daemon_runs_in_the_foreground() -> None:
    lines = {one.part: one.argv for one in commands(LAB, HV1, with_product=False)}
    assert lines["mon"][:2] == ["ceph-mon", "-f"] and lines["osd0"][:2] == ["ceph-osd", "-f"]


def test_only_the_administrator_may_do_everything() -> None:
    everything = [name for name, caps in keys.entities(LAB).items() if caps.get("mon") == keys.ALL]
    assert everything == ["mon.", "client.admin"]
    assert {f"client.{node.name}" for node in LAB.nodes} < keys.entities(LAB).keys()


def test_a_key_is_of_cephs_form() -> None:
    raw = base64.b64decode(keys.make_key())
    assert (len(raw), raw[:2], raw[10:12]) == (28, b"\x01\x00", b"\x10\x00")
    assert keys.make_key() != keys.make_key()


def test_a_guests_disk_is_the_same_on_every_node() -> None:
    disk = ET.fromstring(domain_xml(LAB, "vm1", disk="vms/web")).find("devices/disk")
    assert disk is not None
    source = disk.find("source")
    assert source is not None and source.get("name") == "vms/web"
    assert [host.get("name") for host in source.iter("host")] == [node.address for node in LAB.members]
    secret = source.find("auth/secret")
    assert secret is not None and secret.get("uuid") == place.secret_uuid(LAB)


@pytest.mark.parametrize("image", ["", "vms", "vms/", "/web", "vms/a b", "vms/a@b", "a/b/c"])
def test_what_is_no_image_is_refused(image: str) -> None:
    with pytest.raises(BadOption):
        domain_xml(LAB, "vm1", disk=image)


def test_a_lab_without_ceph_has_no_disks() -> None:
    with pytest.raises(WrongState):
        domain_xml(PLAIN, "vm1", disk="vms/web")


def test_the_gateway_is_there_only_when_asked_for() -> None:
    with_s3 = Layout(Path("/var/lib/pvc-lab"), size=4, ceph=True, s3=True)
    assert "radosgw" in [part.name for part in parts_of(with_s3, with_product=True)]
    assert "radosgw" not in [part.name for part in parts_of(LAB, with_product=True)]
    assert "beast endpoint=10.77.0.1:7480" in conf.render_host(with_s3)
    assert "client.radosgw" not in conf.render_host(LAB) and "client.radosgw" not in keys.entities(LAB)
    assert keys.entities(with_s3)["client.radosgw"]["mon"] != keys.ALL


def test_the_product_accepts_the_labs_s3_place() -> None:
    with_s3 = Layout(Path("/var/lib/pvc-lab"), size=4, ceph=True, s3=True)
    for settings in (node_settings(with_s3, HV1), api_settings(with_s3)):
        s3 = parse_config(settings, "lab").storage.s3
        assert s3 is not None and (s3.endpoint, s3.bucket) == ("http://10.77.0.1:7480", "exports")
    assert parse_config(api_settings(LAB), "lab").storage.s3 is None
