"""Keeping the two processes of the daemon running.

An admin, or the lab, may hold one down: while the file `agent.hold` or `jobs.hold` exists in the run
directory, that process is not started.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from pvc_worker.locks import hold_lock

log = logging.getLogger(__name__)

PARTS = ("agent", "jobs")
LOOK_S = 0.2
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
LONG_LIFE_S = 30.0
STOP_PATIENCE_S = 9.0


@dataclass
class Child:
    """One of the two processes, and when it may be started again."""

    part: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    not_before: float = field(default=0.0)


class Supervisor:
    def __init__(self, config: Path, run_directory: Path) -> None:
        self._config, self._run = config, run_directory
        self._children = [Child(part) for part in PARTS]

    def run(self, stop: Event) -> int:
        """Until `stop` is set; waits while another supervisor has the run directory."""
        with hold_lock(self._run, "supervisor", stop) as held:
            if held:
                self._supervise(stop)
        return 0

    def _supervise(self, stop: Event) -> None:
        self._write_pid("supervisor", os.getpid())
        while not stop.wait(LOOK_S):
            for child in self._children:
                self._look_after(child)
        self._stop_all()

    def _look_after(self, child: Child) -> None:
        if child.process is not None and child.process.poll() is not None:
            self._buried(child, child.process.returncode)
        if child.process is None and self._may_start(child):
            self._try_to_start(child)

    def _may_start(self, child: Child) -> bool:
        held = (self._run / f"{child.part}.hold").exists()
        return not held and time.monotonic() >= child.not_before

    def _try_to_start(self, child: Child) -> None:
        """A system short of memory refuses; the other process is not to end for that."""
        try:
            self._start(child)
        except OSError as error:
            log.warning("starting the %s process: %s", child.part, error)
            child.not_before = time.monotonic() + child.pause_s

    def _start(self, child: Child) -> None:
        program = [sys.executable, "-m", "pvc_worker", "--config", str(self._config), "--part", child.part]
        child.process = subprocess.Popen(program, stdin=subprocess.DEVNULL)
        child.started = time.monotonic()
        self._write_pid(child.part, child.process.pid)

    def _buried(self, child: Child, code: int) -> None:
        """One that lived long is started again at once; one that dies young, after growing pauses."""
        log.warning("the %s process ended (%d); starting it again", child.part, code)
        child.process = None
        lived = time.monotonic() - child.started
        child.pause_s = FIRST_PAUSE_S if lived > LONG_LIFE_S else min(child.pause_s * 2, LONGEST_PAUSE_S)
        child.not_before = time.monotonic() + (0 if lived > LONG_LIFE_S else child.pause_s)

    def _stop_all(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_PATIENCE_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()

    def _write_pid(self, part: str, pid: int) -> None:
        draft = self._run / f"{part}.pid.new"
        draft.write_text(f"{pid}\n")
        draft.rename(self._run / f"{part}.pid")
