"""The first process of a node: `python -m pvc_lab.node_init SPEC`.

It gives the node its name, its own directories and a door (a Unix socket) where the lab asks for parts to be
started; it adopts and buries every orphan, as an init must. It is PID 1 of the node, so killing it is a power
cut: the kernel ends everything else at once. libvirtd may die alone; its QEMUs live on under this process.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pvc_lab.spawn import Command, spawn

BEAT_S = 0.3
PAUSE_S = 0.5


class Parts:
    """The parts of this node that run as children of the init."""

    def __init__(self, parts_file: Path) -> None:
        self._file = parts_file
        self._pids: dict[str, int] = {}
        self._ended: dict[str, float] = {}

    def start(self, wanted: list[str]) -> dict[str, int | str]:
        """Start those that do not run; the answer has a pid or the reason for each."""
        return {command.part: self._start(command) for command in self._commands() if command.part in wanted}

    def bury(self) -> None:
        """Reap whatever ended."""
        while (pid := _reap_one()) > 0:
            for part in [part for part, known in self._pids.items() if known == pid]:
                del self._pids[part]
                self._ended[part] = time.monotonic()

    def respawn(self) -> None:
        """Start again, after a pause, what must never be down."""
        due = [part for part, at in self._ended.items() if time.monotonic() - at > PAUSE_S]
        for command in self._commands() if due else ():
            if command.respawn and command.part in due:
                self._start(command)

    def _start(self, command: Command) -> int | str:
        self._ended.pop(command.part, None)
        try:
            self._pids[command.part] = self._pids.get(command.part) or spawn(command)
        except OSError as error:
            return f"{command.argv[0]}: {error.strerror}"
        return self._pids[command.part]

    def _commands(self) -> list[Command]:
        return [Command.from_dict(record) for record in json.loads(self._file.read_text())]


def main() -> None:
    """Prepare the node, then serve its door for ever."""
    spec = json.loads(Path(sys.argv[1]).read_text())
    prepare(spec)
    serve(Path(spec["door"]), Parts(Path(spec["parts_file"])))


def prepare(spec: dict[str, Any]) -> None:
    """Name, mounts and loopback of the node."""
    socket.sethostname(spec["hostname"])
    _call("mount", "-t", "sysfs", "sysfs", "/sys")
    _call("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    for source, target in spec["binds"]:
        _call("mount", "--bind", source, target)
    _call("ip", "link", "set", "lo", "up")


def serve(door: Path, parts: Parts) -> None:
    """Answer requests and bury the dead."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(door))
    listener.listen(16)
    wake, writer = socket.socketpair()
    _wake_on_child(writer)
    while True:
        ready, _, _ = select.select([listener, wake], [], [], BEAT_S)
        if wake in ready:
            wake.recv(4096)
        parts.bury()
        parts.respawn()
        if listener in ready:
            _answer(listener.accept()[0], parts)


def _answer(client: socket.socket, parts: Parts) -> None:
    with client:
        client.settimeout(5)
        try:
            request = json.loads(client.makefile().readline())
            client.sendall(json.dumps(parts.start(request["start"])).encode() + b"\n")
        except (OSError, ValueError, KeyError) as error:
            print(f"request refused: {error!r}", flush=True)


def _wake_on_child(writer: socket.socket) -> None:
    """Python-level handlers alone do not end a select."""
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)


def _reap_one() -> int:
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def _call(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=10)


if __name__ == "__main__":
    main()
