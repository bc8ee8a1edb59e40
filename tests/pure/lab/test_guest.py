"""The guest: its XML and its initramfs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pvc_lab.errors import BadOption
from pvc_lab.guest import domain_xml
from pvc_lab.initramfs import Entry, archive, guest_script
from pvc_lab.layout import Layout

LAB = Layout(Path("/tmp/lab"))


def test_the_guest_is_what_was_asked_for() -> None:
    domain = ET.fromstring(domain_xml(LAB, "vm1", memory=192, vcpus=2))
    assert domain.get("type") == "qemu"
    assert (domain.findtext("name"), domain.findtext("memory"), domain.findtext("vcpu")) == (
        "vm1",
        "192",
        "2",
    )
    assert domain.findtext("os/kernel") == "/tmp/lab/guest/vmlinuz"
    assert domain.find("features/acpi") is not None


def test_it_has_no_uuid_so_that_whoever_defines_it_gives_one() -> None:
    assert ET.fromstring(domain_xml(LAB, "vm1")).find("uuid") is None


def test_its_console_log_is_appended_to() -> None:
    log = ET.fromstring(domain_xml(LAB, "vm1")).find("devices/serial/log")
    assert log is not None
    assert log.attrib == {"file": "/var/log/libvirt/vm1.log", "append": "on"}


def test_a_busy_guest_is_told_so_on_its_command_line() -> None:
    busy = ET.fromstring(domain_xml(LAB, "vm1", memory=96, busy=7)).findtext("os/cmdline")
    idle = ET.fromstring(domain_xml(LAB, "vm1")).findtext("os/cmdline")
    assert busy is not None and busy.endswith(" busy=7 region=32")
    assert idle is not None and "busy" not in idle


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "x" * 80, "a/b", "<x>"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(BadOption):
        domain_xml(LAB, name)


@pytest.mark.parametrize(
    "options",
    [
        {"memory": 32},
        {"memory": -1},
        {"memory": 10**6},
        {"vcpus": 0},
        {"vcpus": 99},
        {"busy": -1},
        {"busy": 10**4},
    ],
)
def test_a_bad_number_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(BadOption):
        domain_xml(LAB, "vm1", **options)


def test_an_archive_has_every_file_and_an_end() -> None:
    files = unpack(
        archive(
            [Entry("dev", 0o40755), Entry("init", 0o100755, b"#!/bin/sh\n"), Entry("odd", 0o100644, b"abc")]
        )
    )
    assert files == {
        "dev": (0o40755, b""),
        "init": (0o100755, b"#!/bin/sh\n"),
        "odd": (0o100644, b"abc"),
        "TRAILER!!!": (0, b""),
    }


def test_the_guests_script_prints_what_the_reader_of_ticks_expects() -> None:
    assert 'echo "tick $boot $count;"' in guest_script()


def unpack(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Read a newc archive: 13 hexadecimal numbers, name, content, each padded to four."""
    files, at = {}, 0
    while at < len(data):
        assert data[at : at + 6] == b"070701"
        numbers = [int(data[at + 6 + 8 * index : at + 14 + 8 * index], 16) for index in range(13)]
        mode, size, name_size = numbers[1], numbers[6], numbers[11]
        name = data[at + 110 : at + 110 + name_size - 1].decode()
        start = (at + 110 + name_size + 3) // 4 * 4
        files[name] = (mode, data[start : start + size])
        at = (start + size + 3) // 4 * 4
    return files
