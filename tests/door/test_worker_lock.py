"""One process of each part: whoever waits for another's end begins nothing before that."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer

from pvc_worker.locks import hold_lock
from pvc_worker.supervisor import Supervisor


@contextmanager
def another(directory: Path, part: str) -> Iterator[None]:
    """A process of the part that has not ended."""
    with (directory / f"{part}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_it_is_held_by_one_and_freed_with_its_holder(tmp_path: Path) -> None:
    with hold_lock(tmp_path, "jobs", Event()) as held:
        assert held
    with hold_lock(tmp_path, "jobs", Event()) as held:
        assert held


def test_told_to_stop_while_it_waits_it_has_no_lock(tmp_path: Path) -> None:
    stop = Event()
    Timer(0.05, stop.set).start()
    with another(tmp_path, "jobs"), hold_lock(tmp_path, "jobs", stop) as held:
        assert not held


def test_a_supervisor_told_to_stop_while_it_waits_leaves_the_others_traces_alone(tmp_path: Path) -> None:
    """Its pid file is what an admin, and the lab, find the other one by."""
    pid, stop = tmp_path / "supervisor.pid", Event()
    pid.write_text("1\n")
    stop.set()
    with another(tmp_path, "supervisor"):
        assert Supervisor(tmp_path / "pvc.yaml", tmp_path).run(stop) == 0
    assert pid.read_text() == "1\n"
