"""What wipefs and lsblk show of a disk, in our words; with a real one where there is root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from pvc_core.errors import NotFound, StorageRefused, StorageUnavailable
from pvc_core.model.storage import OsdMark
from pvc_drivers.disks.programs import ProgramDisks, _runs, describe, read_lvm, read_raw

MIB = 1 << 20


@pytest.fixture
def disks(tmp_path: Path) -> ProgramDisks:
    return ProgramDisks("raw", tmp_path / "run" / "lock")


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        pytest.skip("a disk of its own needs root and loop devices")
    file = tmp_path / "disk.img"
    file.touch()
    os.truncate(file, 64 * MIB)
    found = subprocess.check_output(["losetup", "-f", "--show", file], text=True, timeout=20).strip()
    yield found
    subprocess.run(["losetup", "-d", found], check=True, timeout=20)


def test_partitions_mounts_and_signatures_are_told() -> None:
    parts = [{"path": "/dev/sdb1", "type": "part", "size": 9, "ro": False, "mountpoints": ["/srv"]}]
    found = {"path": "/dev/sdb", "size": 10, "ro": False, "mountpoints": [None], "children": parts}
    disk = describe("/dev/sdb", found, [{"type": "gpt"}, {"type": "gpt"}, {"type": "PMBR"}])
    assert disk.traces == ("a gpt signature", "a PMBR signature", "/dev/sdb1 on it")
    assert disk.holders == ("it is mounted at /srv",)
    assert describe("/dev/sr0", {"size": 10, "ro": True}, []).holders == ("it can only be read",)


def test_which_osd_a_disk_was_made_and_of_which_cluster() -> None:
    raw = {"osd_id": 3, "osd_uuid": "u", "ceph_fsid": "here", "device": "/dev/sdb", "type": "bluestore"}
    for key in ("3", "u"):
        assert read_raw({key: raw}) == OsdMark(osd=3, uuid="u", cluster="here")
    assert read_raw({}) is None and read_raw({"u": {"type": "bluestore"}}) is None


def test_two_clusters_may_have_an_osd_of_one_number_on_a_node() -> None:
    def part(device: str, uuid: str, cluster: str) -> dict[str, Any]:
        return {"devices": [device], "tags": {"ceph.osd_fsid": uuid, "ceph.cluster_fsid": cluster}}

    found = {"3": [part("/dev/sdb", "u", "here"), part("/dev/sdc", "v", "there")]}
    assert read_lvm(found, "/dev/sdc") == OsdMark(osd=3, uuid="v", cluster="there")
    assert read_lvm(found, "/dev/sdd") is None


@pytest.mark.lab
def test_an_empty_disk_and_one_that_is_not(disks: ProgramDisks, loop: str) -> None:
    empty = disks.look(loop)
    assert (empty.size, empty.traces, empty.holders) == (64 * MIB, (), ())
    subprocess.run(["mkswap", loop], check=True, capture_output=True, timeout=20)
    assert disks.look(loop).traces == ("a swap signature",)


def test_what_is_no_disk(disks: ProgramDisks, tmp_path: Path) -> None:
    for path in ("/dev/null", "/dev/nothing", str(tmp_path)):
        with pytest.raises(NotFound, match="no block device"):
            disks.look(path)


def test_a_second_one_waits_and_a_program_that_is_missing_is_named(
    disks: ProgramDisks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disks._alone(), pytest.raises(StorageUnavailable, match="still at work"):
        disks.osd_on("/dev/null")
    monkeypatch.setenv("PATH", "/nowhere")
    assert which("ceph-volume") is None
    with pytest.raises(StorageRefused, match="ceph-volume cannot be run"):
        disks.osd_on("/dev/null")


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A node with systemd, whose `systemctl` knows no unit and only writes down what it was asked."""
    asked = tmp_path / "asked"
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for name in ("SYSTEMD", "WANTED", "OSDS"):
        monkeypatch.setattr(f"pvc_drivers.disks.programs.{name}", tmp_path / name)
        (tmp_path / name).mkdir()
    yield asked


def test_nothing_of_a_lost_osd_is_kept_on_its_node(
    disks: ProgramDisks, systemctl: Path, tmp_path: Path
) -> None:
    home, other = tmp_path / "OSDS" / "ceph-3", tmp_path / "OSDS" / "ceph-33"
    for directory in (home, other):
        directory.mkdir()
        (directory / "block").symlink_to("/dev/sdb")
    for unit in ("ceph-volume@lvm-3-aa.service", "ceph-volume@lvm-33-bb.service"):
        (tmp_path / "WANTED" / unit).touch()
    for _ in range(2):
        disks.forget_osd(3)
    assert not home.exists() and (other / "block").is_symlink()
    asked = systemctl.read_text().splitlines()
    units = ("ceph-osd@3.service", "ceph-volume@lvm-3-aa.service")
    assert asked[:4] == [f"{verb} {unit}" for unit in units for verb in ("disable --now", "reset-failed")]
    assert len(asked) == 8


def test_a_daemon_that_runs_is_not_started(tmp_path: Path) -> None:
    """It has the `fsid` of its directory locked, as BlueStore does."""
    assert not _runs(tmp_path)
    (tmp_path / "fsid").touch()
    assert not _runs(tmp_path)
    with locked_by_another(tmp_path / "fsid"):
        assert _runs(tmp_path)
    assert not _runs(tmp_path)


@contextmanager
def locked_by_another(file: Path) -> Iterator[None]:
    code = (
        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f,2); print(1,flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", code, str(file)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline()
        yield
        other.communicate()
