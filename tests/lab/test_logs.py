"""A console is followed by `pvc vm log --follow`, whatever happens to who follows it: every tick once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab_tool import PROGRAMS, eventually
from real_cluster import RealCluster

from pvc_core.decide.turns import not_waited_for


class Follower:
    """The command line, following; what it says lands in files."""

    def __init__(self, real: RealCluster, place: Path, *words: str) -> None:
        self._out, self._err = place / "out", place / "err"
        with self._out.open("w") as out, self._err.open("w") as err:
            argv = [str(PROGRAMS / "pvc"), *words, "--follow"]
            self.process = subprocess.Popen(
                argv,
                stdout=out,
                stderr=err,
                env=real.environment,
                # Whoever runs the tests in the background leaves them deaf to Ctrl-C, and their children too.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    @property
    def said(self) -> str:
        return self._err.read_text()

    @property
    def shown(self) -> str:
        return self._out.read_text()

    @property
    def ticks(self) -> list[int]:
        return [int(number) for number in re.findall(r"^tick \w+ (\d+);$", self.shown, re.M)]

    def await_tick(self, number: int) -> None:
        eventually(f"tick {number} is shown", lambda: bool(self.ticks) and self.ticks[-1] >= number, 30)

    def assert_whole(self) -> None:
        ticks = self.ticks
        assert ticks == list(range(ticks[0], ticks[-1] + 1)), (ticks, self.said)


@contextmanager
def following(real: RealCluster, place: Path, *words: str) -> Iterator[Follower]:
    follower = Follower(real, place, *words)
    try:
        eventually("it shows something", lambda: bool(follower.ticks), 20)
        yield follower
    finally:
        follower.process.send_signal(signal.SIGINT)
        follower.process.wait(10)


def test_a_console_is_followed_through_migrations(real: RealCluster, tmp_path: Path) -> None:
    real.boot(["talks"])
    with following(real, tmp_path, "vm", "log", "talks") as seen:
        for target in ("hv2", "hv3", "hv1"):
            real.succeeds(real.submit("/vm/talks/migrate", target=target, force=True))
            seen.await_tick(real.last_tick("talks"))
    seen.assert_whole()
    assert seen.process.returncode == 130


def test_an_agent_is_stopped_while_its_guest_moves_on_and_on(real: RealCluster, tmp_path: Path) -> None:
    """Its part is waited for; the nodes after it take their turns."""
    real.boot(["talks"])
    with following(real, tmp_path, "vm", "log", "talks") as seen:
        real.do("stop", "hv1/agent")
        try:
            begun = time.monotonic()
            for target in ("hv2", "hv3"):
                real.succeeds(real.submit("/vm/talks/migrate", target=target, force=True))
            time.sleep(max(0.0, begun + 20 - time.monotonic()))
        finally:
            real.do("cont", "hv1/agent")
        seen.await_tick(real.last_tick("talks"))
    seen.assert_whole()


def test_who_follows_is_told_that_a_dead_node_s_part_may_be_missing(
    real: RealCluster, tmp_path: Path
) -> None:
    """And gets it late once the node is back."""
    real.boot(["talks"])
    with following(real, tmp_path, "vm", "log", "talks") as seen:
        real.do("kill", "hv1/agent")
        at = real.last_tick("talks")
        eventually("it says more", lambda: real.last_tick("talks") > at + 2)
        real.succeeds(real.submit("/vm/talks/migrate", target="hv2", force=True))
        real.do("power", "off", "hv1")
        eventually("it is told", lambda: not_waited_for(["hv1"]) in seen.shown, 60)
        seen.await_tick(real.last_tick("talks"))
        real.up()
        eventually("it is told", lambda: "lines came late: printed on hv1 before" in seen.shown, 60)
    missing = set(range(seen.ticks[0], max(seen.ticks) + 1)) - set(seen.ticks)
    assert at + 1 in seen.ticks and len(seen.ticks) == len(set(seen.ticks)), seen.ticks
    assert len(missing) <= 2, "no more than are torn where hv1's part begins and ends"


def test_agents_and_the_api_die_while_a_console_is_followed(real: RealCluster, tmp_path: Path) -> None:
    real.boot(["talks"])
    with following(real, tmp_path, "vm", "log", "talks") as seen:
        real.do("kill", "hv1/agent")
        real.do("kill", "api")
        eventually("it says so", lambda: "trying again" in seen.said, 20)
        real.do("start", "api")
        real.do("start", "hv1/agent")
        seen.await_tick(real.last_tick("talks") + 3)
        job = real.submit("/vm/talks/migrate", target="hv2")
        real.do("kill", "hv1/agent")
        real.succeeds(job)
        real.do("start", "hv1/agent")
        seen.await_tick(real.last_tick("talks") + 3)
    seen.assert_whole()


def test_a_log_is_rotated_while_it_is_followed(real: RealCluster, tmp_path: Path) -> None:
    """As logrotate does it; QEMU writes on into the renamed file, and an agent that starts finds it."""
    real.boot(["talks"])
    log = real.layout.node("hv1").log / "libvirt" / "talks.log"
    with following(real, tmp_path, "vm", "log", "talks") as seen:
        log.rename(log.with_suffix(".log.1"))
        at = seen.ticks[-1]
        seen.await_tick(at + 3)
        real.do("kill", "hv1/agent")
        real.do("start", "hv1/agent")
        seen.await_tick(at + 10)
    seen.assert_whole()


def test_what_nobody_follows_is_there_when_somebody_looks(real: RealCluster) -> None:
    """And it goes with its VM."""
    real.boot(["talks"])
    at = real.last_tick("talks")
    begun = time.monotonic()
    view = json.loads(real.pvc("vm", "log", "talks", "--format", "json").stdout)
    assert time.monotonic() - begun < 15, "it was not held back"
    assert any(line.endswith(f" {at};") for line in view["lines"]), view
    stopped = real.submit("/vm/talks/stop")
    real.succeeds(stopped)
    last = real.pvc("vm", "log", "talks", "--lines", "2")
    assert last.returncode == 0 and "tick" in last.stdout
    assert real.pvc("vm", "undefine", "talks", "--yes").returncode == 0
    assert real.pvc("vm", "log", "talks").returncode == 4


def test_a_worker_s_log_is_shown(real: RealCluster) -> None:
    real.do("kill", "hv2/worker")
    real.do("start", "hv2/worker")
    eventually("it is told", lambda: "process ended" in real.pvc("node", "log", "hv2").stdout)
