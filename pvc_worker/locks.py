"""One process of each part per node: a claim in the node's name is taken over on that word."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

log = logging.getLogger(__name__)

LOOK_S = 0.2


@contextmanager
def hold_lock(directory: Path, part: str, stop: Event) -> Iterator[bool]:
    """Waits for a former process of the part to be gone; the kernel frees the lock with its holder.

    False when it is to stop before it has the lock.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{part}.lock").open("w") as file:
        held = _try_lock(file.fileno())
        if not held:
            log.warning("another %s process has %s; waiting for it to end", part, directory)
        while not held and not stop.wait(LOOK_S):
            held = _try_lock(file.fileno())
        yield held


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
