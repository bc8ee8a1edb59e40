"""Redis, the broker of hints: in the host's own namespace, with a password, without persistence."""

from __future__ import annotations

import socket
from pathlib import Path

from pvc_lab.errors import ProgramFailed
from pvc_lab.layout import REDIS_PORT, Layout
from pvc_lab.writing import write_secretly


def prepare(layout: Layout, password: str) -> None:
    """Write its configuration; the password is in the file, never on the command line."""
    layout.redis.mkdir(parents=True, exist_ok=True)
    write_secretly(config_file(layout), render(layout, password))


def config_file(layout: Layout) -> Path:
    return layout.redis / "redis.conf"


def render(layout: Layout, password: str) -> str:
    """redis.conf; nothing is ever written to disk, so that nothing can come to depend on it."""
    settings = {
        # A new title would overwrite the marks in its environment, by which the lab finds it.
        "set-proc-title": "no",
        "bind": layout.address,
        "port": REDIS_PORT,
        "dir": layout.redis,
        "requirepass": password,
        "save": '""',
        "appendonly": "no",
        "daemonize": "no",
        "maxmemory": "256mb",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def command_line(layout: Layout) -> list[str]:
    return ["redis-server", str(config_file(layout))]


def answers(layout: Layout, password: str) -> bool:
    try:
        return ask(layout, password, "PING") == "+PONG"
    except OSError:
        return False


def wipe(layout: Layout, password: str) -> None:
    """Forget everything; raises ProgramFailed when Redis does not do it."""
    try:
        said = ask(layout, password, "FLUSHALL", timeout=10)
    except OSError as error:
        raise ProgramFailed(f"redis does not answer: {error}", "Look at it: pvc-lab status") from None
    if said != "+OK":
        raise ProgramFailed(f"redis refused: {said}")


def ask(layout: Layout, password: str, command: str, timeout: float = 2) -> str:
    """Redis' one-line answer to one command."""
    with socket.create_connection((layout.address, REDIS_PORT), timeout) as link:
        link.settimeout(timeout)
        link.sendall(f"AUTH {password}\r\n{command}\r\n".encode())
        lines = link.makefile()
        lines.readline()
        return lines.readline().strip()
