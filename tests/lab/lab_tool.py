"""What all tests of this room share: pvc-lab as a program, patience with an end, a look for leftovers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pvc_lab.packages import missing_packages

PROGRAMS = Path(sys.executable).parent
LAB = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(bool(missing_packages()), reason="needs Debian packages"),
]
"""What every test of this room has; conftest.py sees to it."""
CEPH = pytest.mark.skipif(bool(missing_packages(ceph=True)), reason="needs Ceph's packages")
S3 = pytest.mark.skipif(
    bool(missing_packages(ceph=True, s3=True)), reason="needs Ceph's packages, and radosgw"
)


class Lab:
    """pvc-lab on a directory of its own, so that it is never in the way of another lab."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {**os.environ, "PVC_CONFIG_DIR": str(root.with_name("config"))}

    def __call__(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("pvc-lab", "--dir", str(self.root), *words, stdin=stdin)

    def do(self, *words: str, stdin: str = "") -> str:
        done = self(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pvc(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("pvc", *words)

    def run(self, program: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(PROGRAMS / program), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self.environment,
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.do("status", "--format", "json"))
        return found

    def part(self, name: str) -> dict[str, Any]:
        return next(part for part in self.status()["parts"] if part["part"] == name)

    def all_answer(self) -> bool:
        return all(part["answers"] for part in self.status()["parts"])


@contextmanager
def place_for_a_lab() -> Iterator[Path]:
    """A directory that `script/test` clears even after a crash of the tests."""
    with tempfile.TemporaryDirectory(prefix="pvc-", dir=os.environ.get("PVC_TEST_LABS")) as directory:
        yield Path(directory) / "lab"


def eventually(what: str, look: Callable[[], object], within: float = 30, pause: float = 0.1) -> None:
    deadline = time.monotonic() + within
    while not look():
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        time.sleep(pause)


def processes_naming(root: Path) -> list[str]:
    """Command lines of all processes that have the lab in their arguments or in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                arguments, environ = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(root).encode() in arguments + environ:
                found.append(arguments.replace(b"\0", b" ").decode())
    return found


def leftovers(root: Path) -> list[str]:
    """Processes, links and mounts of a lab that should be gone."""
    links = json.loads(subprocess.check_output(["ip", "-json", "link", "show"], timeout=10))
    return [
        *processes_naming(root),
        *(link["ifname"] for link in links if link.get("ifalias") == str(root)),
        *(line for line in Path("/proc/mounts").read_text().splitlines() if str(root) in line),
    ]
