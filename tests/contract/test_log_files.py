"""The port to a node's log files, in both homes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import pytest

from pvc_core.model.log import FileMark
from pvc_drivers.logs.fake import FakeLogFiles
from pvc_drivers.logs.files import RealLogFiles
from pvc_drivers.logs.port import LogFiles


class Writer(Protocol):
    def write(self, path: str, data: bytes) -> None: ...
    def truncate(self, path: str) -> None: ...
    def rename(self, path: str, new: str) -> None: ...
    def remove(self, path: str) -> None: ...


class OnDisk:
    def write(self, path: str, data: bytes) -> None:
        with Path(path).open("ab") as file:
            file.write(data)

    def truncate(self, path: str) -> None:
        os.truncate(path, 0)

    def rename(self, path: str, new: str) -> None:
        Path(path).rename(new)

    def remove(self, path: str) -> None:
        Path(path).unlink()


@pytest.fixture(params=["fake", "files"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[LogFiles, Writer]:
    if request.param == "fake":
        fake = FakeLogFiles()
        return fake, fake
    return RealLogFiles([tmp_path]), OnDisk()


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(tmp_path / "vm1.log")


def found(files: LogFiles, path: str) -> FileMark:
    mark = files.find(path)
    assert mark is not None
    return mark


def test_what_is_not_there_is_not_found(both: tuple[LogFiles, Writer], log: str) -> None:
    assert both[0].find(log) is None


def test_it_is_read_from_anywhere_and_as_much_as_asked(both: tuple[LogFiles, Writer], log: str) -> None:
    files, writer = both
    writer.write(log, b"0123456789")
    mark = found(files, log)
    assert (mark.path, mark.size) == (log, 10)
    assert files.read(mark, 3, 4) == b"3456"
    assert files.read(mark, 8, 100) == b"89"
    assert files.read(mark, 10, 100) == b""


def test_a_cut_file_is_the_same_and_smaller(both: tuple[LogFiles, Writer], log: str) -> None:
    files, writer = both
    writer.write(log, b"0123456789")
    before = found(files, log)
    writer.truncate(log)
    after = found(files, log)
    assert (after.inode, after.size) == (before.inode, 0)


def test_a_renamed_file_is_found_again_beside_its_successor(both: tuple[LogFiles, Writer], log: str) -> None:
    files, writer = both
    writer.write(log, b"old")
    old = found(files, log)
    writer.rename(log, f"{log}.0")
    writer.write(log, b"new one")
    assert found(files, log).inode != old.inode
    moved = files.find_old(log, old.inode)
    assert moved == FileMark(f"{log}.0", old.inode, 3)
    assert files.read(old, 0, 10) == b"", "another file stands there now"
    assert files.read(moved, 0, 10) == b"old"


def test_a_removed_file_is_gone(both: tuple[LogFiles, Writer], log: str) -> None:
    files, writer = both
    writer.write(log, b"x")
    mark = found(files, log)
    writer.remove(log)
    assert files.find(log) is None and files.find_old(log, mark.inode) is None
    assert files.read(mark, 0, 10) == b""


def test_only_regular_files_of_the_directories_that_count(tmp_path: Path) -> None:
    """The XML of a domain names its log, and whoever defines it would read any file of the node."""
    allowed, secret = tmp_path / "log", tmp_path / "secret"
    allowed.mkdir()
    secret.write_text("password")
    files = RealLogFiles([allowed])
    (allowed / "link.log").symlink_to(secret)
    os.mkfifo(allowed / "pipe.log")
    (allowed / "directory.log").mkdir()
    for name in ("link.log", "pipe.log", "directory.log", "../secret", "nul\0byte"):
        assert files.find(f"{allowed}/{name}") is None, name
    assert files.find(str(secret)) is None


def test_a_link_put_in_the_place_of_a_log_is_not_read(tmp_path: Path) -> None:
    log, secret = tmp_path / "vm1.log", tmp_path / "secret"
    log.write_text("fine")
    secret.write_text("password")
    files = RealLogFiles([tmp_path])
    mark = found(files, str(log))
    log.unlink()
    log.symlink_to(secret)
    assert files.read(mark, 0, 100) == b""
