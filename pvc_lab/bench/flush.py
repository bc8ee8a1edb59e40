"""A flush, beside the same guests migrated by virsh: four at a time, and one after another."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from secrets import token_hex
from statistics import median

from pvc_lab import guest
from pvc_lab.bench.door import Door, timed
from pvc_lab.bench.figure import Figure
from pvc_lab.layout import Layout
from pvc_lab.run import wait_for
from pvc_lab.ticks import read_ticks

RUN = token_hex(2)
GUESTS = [f"bench{RUN}-{number}" for number in range(8)]
"""Named anew each run: a guest's log, and so its ticks, go on where one of that name left off."""

ROUNDS = 5
TIMEOUT_S = 180


def measure(layout: Layout, door: Door) -> Iterator[Figure]:
    """Some rounds of each, in turn; the guests come home between them."""
    _prepare(layout, door)
    flush, four, loop = [], [], []
    for _ in range(ROUNDS):
        four.append(_by_virsh(layout, door, at_once=4))
        flush.append(_by_flush(door))
        loop.append(_by_virsh(layout, door, at_once=1))
    ours, floor, serial = median(flush), median(four), median(loop)
    detail = f"{ours:.2f} s beside {floor:.2f} s; medians of {ROUNDS}"
    yield Figure("flush of 8 idle guests / `xargs -P4 virsh migrate`", ours / floor, 1.3, "x", detail)
    detail = f"{ours:.2f} s beside {serial:.2f} s; `xargs -P4` reaches {floor / serial:.2f} x"
    yield Figure("flush of 8 idle guests / one after another", ours / serial, 0.5, "x", detail)
    broken = [name for name in GUESTS if not read_ticks(layout, name).whole]
    yield Figure("guests that lost a tick", len(broken), 0, "", ", ".join(broken))
    door.clear("bench")


def _prepare(layout: Layout, door: Door) -> None:
    door.clear("bench")
    for name in GUESTS:
        door.define(guest.domain_xml(layout, name, 128, 1, 0), "hv1")
        door.run(f"/vm/{name}/start")
    wait_for("the guests' first ticks", lambda: all(_ticking(layout, name) for name in GUESTS), 90)


def _ticking(layout: Layout, name: str) -> bool:
    boots = read_ticks(layout, name).boots
    return bool(boots) and boots[-1].last > 4


def _by_flush(door: Door) -> float:
    """From the request to the proven end."""
    took = timed(lambda: door.run("/node/hv1/flush"))
    door.run("/node/hv1/ready")
    return took


def _by_virsh(layout: Layout, door: Door, at_once: int) -> float:
    took = timed(lambda: _migrate(layout, "hv1", "hv2", at_once))
    _await_record(door, "hv2")
    _migrate(layout, "hv2", "hv1", 4)
    _await_record(door, "hv1")
    return took


def _migrate(layout: Layout, source: str, target: str, at_once: int) -> None:
    a, b = layout.node(source).address, layout.node(target).address
    virsh = ["virsh", "-q", "-c", f"qemu+tcp://{a}/system", "migrate", "--live", "--p2p"]
    command = ["xargs", f"-P{at_once}", "-I{}", *virsh, "{}", f"qemu+tcp://{b}/system"]
    subprocess.run(
        command, input="\n".join(GUESTS), text=True, check=True, timeout=TIMEOUT_S, capture_output=True
    )


def _await_record(door: Door, node: str) -> None:
    """The agents adopt what virsh has moved behind their back."""
    wait_for(f"the guests recorded on {node}", lambda: _all_on(door, node), 60)


def _all_on(door: Door, node: str) -> bool:
    vms = [vm for vm in door.vms() if vm["spec"]["name"] in GUESTS]
    return all(vm["spec"]["node"] == node and vm["seen_on"] == [node] for vm in vms)
