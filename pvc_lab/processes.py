"""The lab's processes, found by what they carry, never by a pid noted earlier.

Every process the lab starts carries two marks in its environment: the lab's directory and the part it belongs
to. Children inherit them. So nothing is lost when the lab itself crashes, and no stranger that got an old pid
is ever touched.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pvc_lab.run import wait_for

LAB_MARK = "PVC_LAB_PROCESS_OF"
PART_MARK = "PVC_LAB_PROCESS_PART"
PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One process as the host sees it; `inner_pid` is its pid inside the node."""

    pid: int
    parent: int
    state: str
    started: int
    inner_pid: int
    space: int

    @property
    def stopped(self) -> bool:
        return self.state in "Tt"

    @cached_property
    def marks(self) -> dict[str, str]:
        """The lab's marks of the process; empty for everybody else's."""
        return marks_of(_read(PROC / str(self.pid) / "environ"))

    def send(self, number: signal.Signals) -> None:
        """Signal it, unless its pid has gone to another process by now."""
        now = read_process(self.pid)
        if now is None or now.started != self.started:
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return


def marks_of(environ: bytes) -> dict[str, str]:
    """The lab's marks in the text of /proc/PID/environ."""
    pairs = (item.partition(b"=") for item in environ.split(b"\0"))
    wanted = (LAB_MARK.encode(), PART_MARK.encode())
    return {name.decode(): value.decode(errors="replace") for name, _, value in pairs if name in wanted}


def marked_environment(lab: Path, part: str) -> dict[str, str]:
    """The environment a part is started with."""
    return {LAB_MARK: str(lab), PART_MARK: part}


def parse_status(text: str) -> dict[str, str]:
    """/proc/PID/status as a mapping."""
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in lines}


def read_process(pid: int) -> Process | None:
    """The live process of that pid; None when there is none, or only its zombie."""
    status = parse_status(_read(PROC / str(pid) / "status").decode(errors="replace"))
    stat = _read(PROC / str(pid) / "stat").decode(errors="replace").rpartition(")")[2].split()
    if not stat or "PPid" not in status or stat[0] in "ZX":
        return None
    inner = int(status.get("NSpid", str(pid)).split()[-1])
    return Process(pid, int(status["PPid"]), stat[0], int(stat[19]), inner, _space(pid))


def all_processes() -> list[Process]:
    """Every live process of the machine."""
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    found = (read_process(pid) for pid in pids)
    return [process for process in found if process]


def of_lab(lab: Path) -> list[Process]:
    """All marked processes of that lab."""
    return [process for process in all_processes() if process.marks.get(LAB_MARK) == str(lab)]


def family(process: Process, everybody: Iterable[Process]) -> list[Process]:
    """The process with all its descendants."""
    everybody = list(everybody)
    found, pids = [process], {process.pid}
    while children := [one for one in everybody if one.parent in pids and one.pid not in pids]:
        found += children
        pids |= {child.pid for child in children}
    return found


def kill(processes: Iterable[Process], timeout: float = 30) -> None:
    """SIGKILL them and wait until they are gone."""
    victims = list(processes)
    for victim in victims:
        victim.send(signal.SIGKILL)
    wait_for("killed processes end", lambda: not any(map(_alive, victims)), timeout)


def _alive(process: Process) -> bool:
    now = read_process(process.pid)
    return now is not None and now.started == process.started


def _space(pid: int) -> int:
    """Identifies the PID namespace the process lives in."""
    try:
        return (PROC / str(pid) / "ns" / "pid").stat().st_ino
    except OSError:
        return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
