"""Three ways to keep exports: a directory, a pretended S3, and Ceph's gateway in a lab."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
import yaml

from pvc_core.config import S3Section
from pvc_drivers.exports.directory import DirectoryExports
from pvc_drivers.exports.fake_s3 import FakeS3
from pvc_drivers.exports.port import Exports
from pvc_drivers.exports.s3 import S3Exports
from pvc_lab.ceph import gateway
from pvc_lab.packages import missing_packages
from pvc_lab.record import require

LAB = Path(os.environ.get("PVC_TEST_LAB", "/tmp/pvc-lab")).with_name(f"pvc-exports-{os.getpid()}")
PVC_LAB = Path(sys.executable).parent / "pvc-lab"
REAL = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a lab with S3 needs root"),
    pytest.mark.skipif(bool(missing_packages(ceph=True, s3=True)), reason="a lab with S3 needs its packages"),
]
_numbers = count()


class Home:
    """Where exports are kept; each test gets a place of its own there."""

    def exports(self, directory: Path) -> Exports:
        raise NotImplementedError


class DirectoryHome(Home):
    def exports(self, directory: Path) -> Exports:
        return DirectoryExports(directory / "exports")


class S3Home(Home):
    def __init__(self, section: S3Section) -> None:
        self.section = section

    def exports(self, directory: Path) -> Exports:
        return S3Exports(self.section.model_copy(update={"prefix": f"some/where{next(_numbers)}"}))


def write_keys(path: Path, access_key: str, secret_key: str = "secret") -> Path:
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"access_key": access_key, "secret_key": secret_key}))
    return path


def section_of(fake: FakeS3, directory: Path, **more: object) -> S3Section:
    keys = write_keys(directory / "keys", fake.access_key)
    known: dict[str, object] = {"endpoint": fake.url, "bucket": fake.bucket, "credentials_file": str(keys)}
    return S3Section.model_validate({**known, **more})


@contextmanager
def made(kind: str, directory: Path) -> Iterator[Home]:
    match kind:
        case "directory":
            yield DirectoryHome()
        case "fake":
            with FakeS3().serving() as fake:
                yield S3Home(section_of(fake, directory))
        case _:
            try:
                _lab("up", "--s3", "--without-product")
                layout = require(LAB).layout(LAB)
                yield S3Home(S3Section.model_validate(gateway.settings(layout)))
            finally:
                _lab("down")


def _lab(*words: str) -> None:
    argv = [PVC_LAB, "--dir", LAB, *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
