"""A file uploaded by the CLI, beside `qemu-img convert` straight to RBD on the same cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from pvc_lab.bench.door import Door, timed
from pvc_lab.bench.figure import Figure, Rate
from pvc_lab.ceph import place
from pvc_lab.errors import ProgramFailed
from pvc_lab.layout import Layout
from pvc_lab.record import require

SIZE = 512 << 20
PART = 16 << 20
ROUNDS = 3
OURS, FLOOR = "bench-upload", "bench-convert"
TIMEOUT_S = 300
FORMATS = (("raw", 0.9), ("qcow2", 0.4))
"""A file that is not raw is written twice: as it comes, and as the disk that is in it."""


def measure(layout: Layout, door: Door) -> Iterator[Figure]:
    """What it makes is gone afterwards."""
    if not layout.ceph:
        raise ProgramFailed("this lab has no Ceph", "Make one that has: pvc-lab up --ceph")
    with tempfile.TemporaryDirectory(prefix="pvc-bench-") as folder:
        raw = Path(folder) / "disk.raw"
        _make(raw)
        for form, bound in FORMATS:
            file = raw.with_suffix(f".{form}")
            if form != "raw":
                _run("qemu-img", "convert", "-f", "raw", "-O", form, str(raw), str(file))
            yield _upload(layout, door, file, form, bound)


def _upload(layout: Layout, door: Door, file: Path, form: str, bound: float) -> Figure:
    """In turns."""
    ours, floor = [], []
    for _ in range(ROUNDS):
        floor.append(timed(lambda: _convert(layout, file, form)))
        _remove(door, FLOOR)
        ours.append(timed(lambda: _send(layout, file, form)))
        _remove(door, OURS)
    mib = SIZE >> 20
    detail = (
        f"{mib} MiB in {median(ours):.2f} s ({mib / median(ours):.0f} MiB/s) beside {median(floor):.2f} s; "
        f"medians of {ROUNDS}"
    )
    what = f"upload of a {form} file: throughput / `qemu-img convert` to RBD"
    return Rate(what, median(floor) / median(ours), bound, "x", detail)


def _convert(layout: Layout, file: Path, form: str) -> None:
    keyring = place.keyring(layout.ceph_home, place.API_USER)
    access = f"id={place.API_USER}:conf={place.conf_file(layout)}:keyring={keyring}"
    _run("qemu-img", "convert", "-f", form, "-O", "raw", str(file), f"rbd:{place.POOL}/{FLOOR}:{access}")


def _send(layout: Layout, file: Path, form: str) -> None:
    program = str(Path(sys.executable).parent / "pvc")
    words = ["storage", "ceph", "volume", "upload", place.POOL, OURS, str(file), "--image-format", form]
    _run(program, "-c", require(layout.root).connection, *words, "--wait")


def _remove(door: Door, name: str) -> None:
    door.finish(door.delete(f"/storage/ceph/volume/{place.POOL}/{name}"))


def _make(file: Path) -> None:
    with file.open("wb") as opened:
        for _ in range(SIZE // PART):
            opened.write(os.urandom(PART))


def _run(*argv: str) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode:
        raise ProgramFailed(f"{Path(argv[0]).name}: {done.stderr.strip() or done.stdout.strip()}")
