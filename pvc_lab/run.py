"""Calling other programs, and waiting for things with a deadline."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pvc_lab.errors import ProgramFailed, TooSlow

T = TypeVar("T")
POLL_S = 0.05


def run(argv: Sequence[str | Path], timeout: float = 20, stdin: str | None = None) -> str:
    """The program's output; raises ProgramFailed with what it said when it fails."""
    done = attempt(argv, timeout, stdin)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
        raise ProgramFailed(f"{' '.join(map(str, argv[:6]))}: {said}")
    return done.stdout


def attempt(
    argv: Sequence[str | Path], timeout: float = 20, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished program, whatever its exit code."""
    try:
        return subprocess.run(
            [str(arg) for arg in argv],
            check=False,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise TooSlow(f"{argv[0]} did not end within {timeout:g} s") from None
    except OSError as error:
        raise ProgramFailed(f"{argv[0]} cannot be run: {error.strerror}") from None


def wait_for(
    what: str, look: Callable[[], T | None], timeout: float, remedy: str = "", poll: float = POLL_S
) -> T:
    """Call `look` until it finds something; raises TooSlow naming `what`."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TooSlow(f"{what}: not within {timeout:g} s", remedy)
        time.sleep(poll)
