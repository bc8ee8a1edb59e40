"""kill, stop, cont and start of one part."""

from __future__ import annotations

import signal

from pvc_core.errors import WrongState
from pvc_lab import node as nodes
from pvc_lab import product, redis
from pvc_lab.ceph import daemons, gateway
from pvc_lab.layout import Layout
from pvc_lab.parts import Part
from pvc_lab.processes import Process, kill, marked_environment
from pvc_lab.run import wait_for
from pvc_lab.spawn import Command, base_environment, spawn
from pvc_lab.view import View

START_S = 20


def kill_part(layout: Layout, part: Part) -> None:
    """SIGKILL a part; it stays down until `start`."""
    require_power(View(layout), part)
    if part.hold_file:
        part.hold_file.write_text("held down by pvc-lab kill\n")
    wait_for(f"{part.name} ends", lambda: _kill_again(layout, part), 10)


def stop_part(layout: Layout, part: Part) -> None:
    """SIGSTOP a part: it is there and says nothing."""
    _signal(layout, part, signal.SIGSTOP, stopped=True)


def continue_part(layout: Layout, part: Part) -> None:
    """SIGCONT a part that was stopped."""
    _signal(layout, part, signal.SIGCONT, stopped=False)


def start_part(layout: Layout, part: Part) -> None:
    """Start a part that is down."""
    view = View(layout)
    require_power(view, part)
    if view.state_of(part) == "stopped":
        raise WrongState(f"{part.name} is stopped, not down", f"Let it go on: pvc-lab cont {part.name}")
    _start(layout, part, view)
    wait_for(f"{part.name} starts", lambda: _processes(layout, part), START_S, f"Read {part.log}")


def require_power(view: View, part: Part) -> None:
    """Raises WrongState when the part's node is off."""
    if part.node and not view.is_on(part.node):
        raise WrongState(f"{part.node.name} is off", f"Switch it on: pvc-lab power on {part.node.name}")


def _kill_again(layout: Layout, part: Part) -> bool:
    """True when there was nothing left to kill; a supervisor may have been about to start one."""
    processes = _processes(layout, part)
    kill(processes)
    return not processes


def _start(layout: Layout, part: Part, view: View) -> None:
    if part.node is None:
        if not view.processes_of(part):
            spawn(root_command(layout, part))
    elif part.hold_file:
        part.hold_file.unlink(missing_ok=True)
        nodes.start_parts(part.node, [product.SUPERVISOR])
    else:
        nodes.start_parts(part.node, [part.kind])


def root_command(layout: Layout, part: Part) -> Command:
    """How a part outside the nodes is started."""
    lines = {
        "redis": redis.command_line,
        "api": product.api_command_line,
        "mgr": daemons.mgr_command_line,
        "radosgw": gateway.command_line,
    }
    environment = {**base_environment(product.PROGRAMS), **marked_environment(layout.root, part.name)}
    return Command(part.name, lines[part.kind](layout), environment, part.log)


def _signal(layout: Layout, part: Part, number: signal.Signals, stopped: bool) -> None:
    processes = _processes(layout, part)
    if not processes:
        raise WrongState(f"{part.name} is down", f"Start it: pvc-lab start {part.name}")
    for process in processes:
        process.send(number)
    wait_for(f"{part.name} obeys", lambda: _all_are(_processes(layout, part), stopped), 5)


def _processes(layout: Layout, part: Part) -> list[Process]:
    return View(layout).processes_of(part)


def _all_are(processes: list[Process], stopped: bool) -> bool:
    return all(process.stopped == stopped for process in processes)
