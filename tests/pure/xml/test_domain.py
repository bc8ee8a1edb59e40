"""Reading a domain XML: what is seen, and every refusal by name and line."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvc_core.errors import InvalidXml
from pvc_core.xml.domain import DomainXml, parse_domain

UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
FULL = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- by hand -->
<domain type="kvm" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">
  <name>web.1_a-b</name>
  <uuid>{UUID}</uuid>
  <memory unit="GiB">2</memory>
  <currentMemory unit="GiB">1</currentMemory>
  <vcpu placement="static" current="2">4</vcpu>
  <devices>
    <disk type="network" device="disk"><source protocol="rbd" name="vms/web_a"/><target dev="vda"/></disk>
    <disk type="network" device="disk"><source protocol="nbd" name="x"/><target dev="vdb"/></disk>
    <disk type="file" device="cdrom"><source file="/x.iso"/><target dev="vdd"/></disk>
    <disk type="network"><source protocol="rbd" name="vms/ns/web_b"/><target dev="vdc"/></disk>
    <serial type="pty"><log file="/var/log/libvirt/serial.log"/></serial>
    <console type="pty"><log file="/var/log/libvirt/console.log"/></console>
  </devices>
  <qemu:commandline><qemu:arg value="-nothing"/></qemu:commandline>
  <tomorrow:element xmlns:tomorrow="urn:tomorrow">?</tomorrow:element>
</domain>"""


def domain(inside: str) -> str:
    return f"<domain type='qemu'>\n{inside}\n</domain>"


def sized(memory: str) -> DomainXml:
    return parse_domain(domain(f"<name>vm1</name>{memory}"))


def refusal(xml: str) -> InvalidXml:
    with pytest.raises(InvalidXml) as caught:
        parse_domain(xml)
    return caught.value


def test_what_is_marked_or_only_read_is_left_to_others() -> None:
    disk = "<disk type='network' device='{}'><source protocol='rbd' name='vms/{}'/>{}</disk>"
    disks = [
        disk.format("disk", "both", "<shareable/>"),
        disk.format("disk", "read", "<readonly/>"),
        disk.format("cdrom", "cd", ""),
        disk.format("disk", "own", ""),
        disk.format("disk", "once", "<shareable/>"),
        disk.format("disk", "once", ""),
    ]
    found = parse_domain(domain(f"<name>vm1</name><memory>1024</memory><devices>{''.join(disks)}</devices>"))
    assert found.shareable_disks == ("vms/both", "vms/read", "vms/cd")


def test_everything_is_seen() -> None:
    assert parse_domain(FULL) == DomainXml(
        uuid=UUID,
        name="web.1_a-b",
        memory_mib=2048,
        vcpus=2,
        rbd_disks=("vms/web_a", "vms/ns/web_b"),
        console_log="/var/log/libvirt/console.log",
    )


def test_neither_console_nor_emulator_nor_devices_are_needed() -> None:
    assert parse_domain(domain("<name>vm1</name><memory>131072</memory>")) == DomainXml(None, "vm1", 128, 1)


def test_a_serial_port_may_hold_the_console_log() -> None:
    devices = "<devices><serial type='pty'><log file='/l'/></serial><console type='pty'/></devices>"
    assert sized(f"<memory>1024</memory>{devices}").console_log == "/l"


@pytest.mark.parametrize(
    ("memory", "mib"),
    [
        ("<memory>1048576</memory>", 1024),
        ("<memory unit=''>1024</memory>", 1),
        ("<memory unit='b'>1048576</memory>", 1),
        ("<memory unit='bytes'>1048577</memory>", 2),
        ("<memory unit='KB'>1000</memory>", 1),
        ("<memory unit='k'>1024</memory>", 1),
        ("<memory unit='KiB'>1025</memory>", 2),
        ("<memory unit='MB'>1000</memory>", 954),
        ("<memory unit='M'>7</memory>", 7),
        ("<memory unit='mib'>7</memory>", 7),
        ("<memory unit='GB'>1</memory>", 954),
        ("<memory unit='G'>1</memory>", 1024),
        ("<memory unit='GiB'>1</memory>", 1024),
        ("<memory unit='TB'>1</memory>", 953_675),
        ("<memory unit='T'>1</memory>", 1_048_576),
        ("<memory unit='TiB'>1</memory>", 1_048_576),
        ("<memory>\n 10<!-- x -->24</memory>", 1),
        ("<memory>2048</memory><memory>1024</memory>", 2),
    ],
)
def test_every_unit_of_libvirt(memory: str, mib: int) -> None:
    assert sized(memory).memory_mib == mib


def test_numa_cells_and_modules_outweigh_memory() -> None:
    cells = "<cpu><numa><cell memory='1' unit='GiB'/><cell memory='1048576'/></numa></cpu>"
    module = "<devices><memory model='dimm'><target><size unit='MiB'>512</size></target></memory></devices>"
    assert sized(cells).memory_mib == 2048
    assert sized(f"<memory unit='MiB'>1</memory>{cells}{module}").memory_mib == 2560


@pytest.mark.parametrize(
    "text",
    [
        UUID,
        UUID.upper(),
        UUID.replace("-", ""),
        f" \n{UUID}\n",
        "-0a--1b " + UUID[4:],
        f"0a<!-- x -->{UUID[2:]}",
    ],
)
def test_every_form_of_a_uuid(text: str) -> None:
    assert sized(f"<uuid>{text}</uuid><memory>1</memory>").uuid == UUID


def test_an_empty_uuid_is_none() -> None:
    assert sized("<uuid/><memory>1</memory>").uuid is None


@pytest.mark.parametrize(
    ("xml", "line", "words"),
    [
        ("", 1, "not well-formed"),
        ("<domain>\n<name>", 2, "not well-formed"),
        ("hello", 1, "not well-formed"),
        ("<domain>\n&what;</domain>", 2, "Entity 'what' not defined"),
        ("<domain>\x00</domain>", 1, "not well-formed"),
        ("<domain>\n\ud800</domain>", 2, "no XML may hold"),
        ("\n<!DOCTYPE domain>\n<domain/>".strip(), 1, "DTD"),
        ("<!-- -->\n<!DOCTYPE d SYSTEM '/etc/passwd'>\n<domain/>", 2, "DTD"),
        ("<!DOCTYPE d [<!ENTITY n 'vm1'>]>\n<domain><name>&n;</name></domain>", 1, "entities"),
        ("<network/>", 1, "must be <domain>, not <network>"),
        ("<domain xmlns='urn:x'/>", 1, "must be <domain>, not <{urn:x}domain>"),
        (domain(""), 1, "no <name>"),
        (domain("<name/>"), 2, "<name> is empty"),
        (domain("<name>a/b</name>"), 2, "the name 'a/b' is not usable"),
        (domain("<name>vm1\n</name>"), 2, "is not usable"),
        (domain(f"<name>{'a' * 64}</name>"), 2, "is not usable"),
        (domain("<name>a</name>\n<name>b</name>"), 3, "more than one <name>"),
        (domain("<name>a</name>"), 1, "no <memory>"),
        (domain("<name>a</name>\n<memory>0</memory>"), 3, "<memory> is zero"),
        (domain("<name>a</name>\n<memory unit='XiB'>1</memory>"), 3, "unknown unit 'XiB'; use bytes"),
        (domain("<name>a</name>\n<memory>much</memory>"), 3, "whole number, not 'much'"),
        (domain("<name>a</name>\n<memory>-1</memory>"), 3, "whole number, not '-1'"),
        (domain("<name>a</name>\n<memory> 64 </memory>"), 3, "whole number, not ' 64 '"),
        (domain("<name>a</name>\n<memory/>"), 3, "whole number"),
        (domain(f"<name>a</name>\n<memory>{'9' * 5000}</memory>"), 3, f"whole number, not '{'9' * 40}'"),
        (domain(f"<name>a</name>\n<memory>{'9' * 20}</memory>"), 3, "larger than any machine"),
        (domain("<name>a</name>\n<memory>1.5</memory>"), 3, "whole number"),
        (domain("<name>a</name>\n<memory>٣</memory>"), 3, "whole number"),
        (domain("<name>a</name>\n<memory unit='E'>9</memory>"), 3, "larger than any machine"),
        (domain("<name>a</name><memory>1</memory>\n<vcpu>0</vcpu>"), 3, "<vcpu> must be"),
        (domain("<name>a</name><memory>1</memory>\n<vcpu>two</vcpu>"), 3, "not 'two'"),
        (domain("<name>a</name><memory>1</memory>\n<vcpu>2\n</vcpu>"), 3, r"to 16384, not '2\n'"),
        (domain("<name>a</name><memory>1</memory>\n<vcpu>4294967295</vcpu>"), 3, "from 1 to 16384"),
        (domain("<name>a</name><memory>1</memory>\n<vcpu current='3'>2</vcpu>"), 3, "3 of 2"),
        (domain("<name>a</name><memory>1</memory>\n<uuid>0a1b</uuid>"), 3, "'0a1b' is not a UUID"),
        (domain(f"<name>a</name><memory>1</memory>\n<uuid>{UUID}-</uuid>"), 3, "is not a UUID"),
        (domain("<name>a</name><memory>1</memory>\n<uuid> </uuid>"), 3, "is not a UUID"),
    ],
)
def test_refusals_name_line_and_fault(xml: str, line: int, words: str) -> None:
    error = refusal(xml)
    assert words in error.message
    assert error.details["line"] == line
    assert error.message.startswith(f"the domain XML is unsuitable: line {line}: ")


def test_a_bomb_of_entities_is_refused_quickly() -> None:
    letters = "abcdefghijk"
    entities = "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in itertools.pairwise(letters))
    error = refusal(f"<!DOCTYPE d [<!ENTITY a 'ha'>{entities}]><domain title='&k;'>&k;</domain>")
    assert "amplification" in error.message or "DTD" in error.message


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for xml in (text, f"<domain>{text}</domain>", domain(f"<name>a</name><memory>{text}</memory>")):
        try:
            parse_domain(xml)
        except InvalidXml as error:
            assert error.message
