"""Two hundred chatty guests that nobody follows, and one that somebody does.

The two hundred are files that are written to: what follows them is an agent's own loop, and what they are
kept in is this lab's ZooKeeper. The one is a VM: its node's agent follows it, and it is read over the API.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from secrets import token_hex
from statistics import quantiles
from tempfile import TemporaryDirectory
from threading import Event, Thread

from pvc_core.config import load_config
from pvc_core.model.node import Domain
from pvc_lab.bench.chatter import Chatter, PretendAgent
from pvc_lab.bench.door import Door, bare_xml
from pvc_lab.bench.figure import Figure
from pvc_lab.layout import Layout
from pvc_lab.product import api_file
from pvc_lab.run import wait_for

GUESTS = 200
BYTES_PER_S = 1024
WARM_UP_S = 90
"""More than an unread log is let be."""

WINDOW_S = 60
"""Of which this is a multiple."""

PAUSE_S = (0.1, 1.2)
WAIT_S = 20


def measure(layout: Layout, door: Door) -> Iterator[Figure]:
    door.clear("talk")
    with TemporaryDirectory() as place:
        names = [f"talk{number}" for number in range(GUESTS)]
        for name in names:
            door.define(bare_xml(name), "hv1")
        uuids = {vm["spec"]["name"]: vm["spec"]["uuid"] for vm in door.vms()}
        domains = tuple(
            Domain(uuid=uuids[name], name=name, state="running", memory_mib=32, vcpus=1) for name in names
        )
        agent = PretendAgent(load_config(api_file(layout)), Path(place), domains)
        chatter = Chatter([Path(place) / f"{name}.log" for name in names], BYTES_PER_S)
        agent.start()
        chatter.start()
        try:
            yield from _figures(layout, door, agent, chatter)
        finally:
            chatter.stop()
            agent.stop()
            door.clear("talk")


def _figures(layout: Layout, door: Door, agent: PretendAgent, chatter: Chatter) -> Iterator[Figure]:
    wait_for("the first time of each log is over", agent.has_kept_all, WARM_UP_S, poll=1.0)
    home = agent.home
    begun, commits, written, printed = time.monotonic(), home.commits, home.bytes, chatter.printed
    shown = sorted(_latencies(layout, door, begun + WINDOW_S))
    took = time.monotonic() - begun
    commits, written, printed = home.commits - commits, home.bytes - written, chatter.printed - printed
    detail = f"{written / 2**20:.1f} MiB for {printed / 2**20:.1f} MiB in {took:.0f} s"
    what = f"{GUESTS} guests at 1 KiB/s nobody follows"
    yield Figure(f"{what}: bytes written / printed", written / printed, 2, "x", detail)
    yield Figure(f"{what}: commits", commits / took, 50, "/s", f"{commits} commits in {took:.0f} s")
    p95 = quantiles(shown, n=20)[-1]
    detail = f"{len(shown)} lines, meanwhile; the slowest {shown[-1]:.2f} s"
    yield Figure("a followed line, from the guest to a reader of the API, p95", p95, 1, "s", detail)


def _latencies(layout: Layout, door: Door, until: float) -> list[float]:
    """From the write of a line to the answer of a long poll that shows it."""
    name = f"talk-{token_hex(2)}"
    door.define(bare_xml(name), "hv2")
    door.run(f"/vm/{name}/start")
    log = layout.node("hv2").log / "libvirt" / f"{name}.log"
    told: dict[str, float] = {}
    over = Event()
    writer = Thread(target=_write, args=(log, told, over), daemon=True)
    path, after, shown = f"/vm/{name}/console", 0, []
    door.get(path)
    writer.start()
    while time.monotonic() < until:
        view = door.get(f"{path}?after={after}&wait={WAIT_S}")
        now, after = time.monotonic(), view["next"]
        shown += [now - told[line] for line in view["lines"]]
    over.set()
    writer.join()
    return shown


def _write(log: Path, told: dict[str, float], over: Event) -> None:
    """A line now and then, at moments that have nothing to do with anybody's rounds."""
    chance = Random(1)
    number = 0
    with log.open("a") as file:
        while not over.wait(chance.uniform(*PAUSE_S)):
            number += 1
            told[f"line {number}"] = time.monotonic()
            file.write(f"line {number}\n")
            file.flush()
