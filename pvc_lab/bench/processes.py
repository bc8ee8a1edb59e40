"""What the processes of the product take: memory, and the start of its programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pvc_lab.bench.door import Door, median_of
from pvc_lab.bench.figure import Figure, Rate
from pvc_lab.layout import Layout
from pvc_lab.processes import PART_MARK, of_lab
from pvc_lab.product import SUPERVISOR
from pvc_lab.run import run

PROGRAMS = Path(sys.executable).parent
SIM_RUNS = 500


def measure(layout: Layout, door: Door) -> Iterator[Figure]:
    yield _worker_start(layout)
    worker = sum(_pss(pid) for pid in _pids(layout, f"hv1/{SUPERVISOR}"))
    yield Figure("memory of a pvc-worker", worker, 160, "MiB", "PSS of both processes and their supervisor")
    api = sum(_pss(pid) for pid in _pids(layout, "api"))
    yield Figure("memory of the API with two workers", api, 200, "MiB", f"PSS, {len(door.vms())} VMs")
    help_s = median_of(11, lambda: run([PROGRAMS / "pvc", "--help"]))
    yield Figure("`pvc --help`", help_s, 0.15, "s", "median of 11")
    yield _simulator()


def _worker_start(layout: Layout) -> Figure:
    inside: list[str | Path] = [sys.executable, "-m", "pvc_lab.bench.inside", layout.node("hv1").pvc_file]
    command: list[str | Path] = [PROGRAMS / "pvc-lab", "--dir", layout.root, "exec", "hv1", "--", *inside]
    found = json.loads(run(command, timeout=120))
    detail = f"{found['start'] * 1000:.1f} ms beside {found['floor'] * 1000:.1f} ms"
    what = "an agent's first report and adoption / bulk query and read"
    return Figure(what, found["start"] / found["floor"], 3, "x", detail)


def _simulator() -> Figure:
    command: list[str | Path] = [PROGRAMS / "pvc-sim", "random", "--runs", str(SIM_RUNS), "--seed", "1"]
    seconds = median_of(1, lambda: run(command, timeout=600))
    return Rate("simulator", SIM_RUNS / seconds * 60, 1000, "runs/min", f"{SIM_RUNS} runs in {seconds:.1f} s")


def _pids(layout: Layout, mark: str) -> list[int]:
    return [process.pid for process in of_lab(layout.root) if process.marks.get(PART_MARK) == mark]


def _pss(pid: int) -> float:
    """Memory in MiB, shared pages counted in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
