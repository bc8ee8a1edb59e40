"""Starting one part of the lab: its own session, its log as output, nothing on its input."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND


@dataclass(frozen=True)
class Command:
    """What to start; `respawn` means it is started again whenever it ends."""

    part: str
    argv: list[str]
    environment: dict[str, str]
    log: Path
    respawn: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "log": str(self.log)}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Command:
        return cls(**{**record, "log": Path(record["log"])})


def spawn(command: Command) -> int:
    """Start it and return its pid; raises OSError when the program is missing."""
    return os.posix_spawnp(
        command.argv[0],
        command.argv,
        command.environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(command.log), LOG_FLAGS, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGCHLD],
    )


def base_environment(program_directory: Path) -> dict[str, str]:
    """The little a part inherits from whoever starts the lab."""
    path = f"{program_directory}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
