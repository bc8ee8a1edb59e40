"""A system short of memory or processes gives no thread and starts no program: later it does again."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

import pytest
from cluster import MemoryLive
from storage import await_true

from pvc_worker import works
from pvc_worker.alarms import Alarms
from pvc_worker.supervisor import PARTS, Supervisor
from pvc_worker.works import ThreadWorks


def test_an_alarm_that_cannot_be_rung_ends_neither_the_others_nor_the_sweep() -> None:
    rung, sweeps = [], []

    def ring(job: str) -> None:
        if job == "first":
            raise RuntimeError("can't start new thread")
        rung.append(job)

    alarms = Alarms(ring, lambda: sweeps.append(1), 0.05, time.time)
    alarms.at("first", time.time())
    alarms.at("second", time.time() + 0.05)
    alarms.start()
    await_true(lambda: rung == ["second"] and len(sweeps) > 2, "it goes on")
    alarms.stop()


def test_a_work_that_got_no_thread_is_not_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    found = ThreadWorks(MemoryLive(), lambda job: None)
    monkeypatch.setattr(works, "Thread", NoThread)
    with pytest.raises(RuntimeError):
        found.begin("job", lambda at: {"done": True}, 1.0)
    assert not found.busy("job")
    monkeypatch.undo()
    end = found.begin("job", lambda at: {"done": True}, 5.0)
    assert end is not None and end.result == {"done": True}


def test_a_supervisor_that_cannot_start_a_process_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    begin: Any = subprocess.Popen

    def popen(program: list[str], **more: Any) -> Any:
        started.append(program[-1])
        if len(started) == 1:
            raise BlockingIOError("Resource temporarily unavailable")
        return begin(["sleep", "60"], **more)

    monkeypatch.setattr(subprocess, "Popen", popen)
    stop = Event()
    Timer(2.0, stop.set).start()
    assert Supervisor(tmp_path / "pvc.yaml", tmp_path).run(stop) == 0
    assert sorted(started) == sorted([*PARTS, PARTS[0]])
