"""One node: switching it on, asking its init for parts, cutting its power."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket

from pvc_lab import network
from pvc_lab.errors import ProgramFailed
from pvc_lab.furnish import init_command
from pvc_lab.layout import Layout
from pvc_lab.place import NodePlace
from pvc_lab.processes import LAB_MARK, PART_MARK, Process, kill, of_lab
from pvc_lab.product import PROGRAMS
from pvc_lab.run import wait_for
from pvc_lab.spawn import base_environment, spawn


def is_init(process: Process, node: NodePlace) -> bool:
    """Is this the first process of that node?"""
    return process.marks.get(PART_MARK) == f"{node.name}/init" and process.inner_pid == 1 != process.pid


def find_init(layout: Layout, node: NodePlace) -> Process | None:
    """The node's init; None when the node is off."""
    return next((one for one in of_lab(layout.root) if is_init(one, node)), None)


def switch_on(layout: Layout, node: NodePlace) -> None:
    """Boot the node: its namespaces, its network, then all its parts."""
    shutil.rmtree(node.run, ignore_errors=True)
    node.run.mkdir(parents=True)
    spawn(init_command(layout, node))
    wait_for(f"{node.name} boots", lambda: _door_opens(node), 10, f"Read {node.log / 'init.log'}")
    init = find_init(layout, node)
    if init is None:
        raise ProgramFailed(f"{node.name} died while it booted", f"Read {node.log / 'init.log'}")
    network.plug(layout, node, init.pid)


def start_parts(node: NodePlace, parts: list[str]) -> None:
    """Ask the node's init to start these, unless they run; raises ProgramFailed with its reason."""
    answer = ask_init(node, {"start": parts})
    refused = [f"{part}: {said}" for part, said in answer.items() if not isinstance(said, int)]
    if refused:
        raise ProgramFailed("; ".join(refused))


def ask_init(node: NodePlace, request: dict[str, list[str]]) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        try:
            link.connect(str(node.door))
            link.sendall(json.dumps(request).encode() + b"\n")
            answer: dict[str, object] = json.loads(link.makefile().readline())
        except (OSError, ValueError) as error:
            raise ProgramFailed(
                f"{node.name} does not answer: {error}", "pvc-lab power off, then on"
            ) from None
    return answer


def cut_power(layout: Layout, node: NodePlace) -> None:
    """Everything of the node ends at once; its cable goes first, so nobody hears a farewell."""
    network.unplug(node)
    kill(of_node(layout, node))
    node.door.unlink(missing_ok=True)


def of_node(layout: Layout, node: NodePlace) -> list[Process]:
    """The init and the program that holds its namespaces; the rest dies with them."""
    return [one for one in of_lab(layout.root) if one.marks.get(PART_MARK) == f"{node.name}/init"]


def enter(init: Process, argv: list[str]) -> None:
    """Become that program inside the node; never returns."""
    environment = {**os.environ, **base_environment(PROGRAMS)}
    for mark in (LAB_MARK, PART_MARK):
        environment.pop(mark, None)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    flags = ["--mount", "--uts", "--net", "--pid"]
    os.execvpe("nsenter", ["nsenter", "--target", str(init.pid), *flags, "--", *argv], environment)


def _door_opens(node: NodePlace) -> bool:
    with socket.socket(socket.AF_UNIX) as link:
        return link.connect_ex(str(node.door)) == 0
