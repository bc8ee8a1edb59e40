"""What qemu-img says, in our words; and whose fault it is when it fails. Pure."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Mapping
from signal import Signals
from typing import Any

from pvc_core.errors import PvcError, StorageUnavailable
from pvc_core.model.image_format import InvalidImage

NOISE = re.compile(r"warning:|^\s*$")
WRITING = "error while writing"
NOT_RUN = (126, 127)
"""It could not be started."""
ENDED = (Signals.SIGKILL, Signals.SIGTERM, Signals.SIGINT, Signals.SIGHUP, Signals.SIGQUIT)
"""By somebody; by any other signal it ends because of what it was given."""
STORAGE = tuple(
    os.strerror(number)
    for number in (
        errno.ESHUTDOWN, errno.ETIMEDOUT, errno.ENOTCONN, errno.ECONNREFUSED, errno.ECONNRESET,
        errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY,
    )
)  # fmt: skip
"""Said of who keeps the image, never of the image; an I/O error may be said of either."""


def parse_share(said: bytes, before: float) -> tuple[float, bytes]:
    """The last of `(12.34/100%)`, and what may be the beginning of the next."""
    *lines, rest = said.split(b"\r")
    for line in reversed(lines):
        if found := re.search(rb"\(([0-9.]+)/100%\)", line):
            return float(found.group(1)) / 100, rest
    return before, rest[-100:]


def read_answer(said: str) -> Mapping[str, Any]:
    try:
        found = json.loads(said)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidImage("qemu-img says nothing of the image that can be understood")
    return found


def fault_of(code: int, said: str, target: str = "") -> PvcError:
    """Why it failed: InvalidImage for what will fail again, StorageUnavailable for what need not.

    `target` is the volume that was written.
    """
    last = sentence(said)
    if code in NOT_RUN:
        return StorageUnavailable(f"qemu-img cannot be run here: {last}", "Install Debian's qemu-utils.")
    if code < 0 and -code in ENDED:
        return StorageUnavailable(f"qemu-img was ended by {Signals(-code).name}")
    if code < 0:
        return InvalidImage(f"qemu-img came to grief on the image: {Signals(-code).name}")
    if WRITING in last or (target and f'"{target}"' in _last_line(said)):
        return StorageUnavailable(f"the volume could not be written: {last}")
    if last.endswith(STORAGE):
        return StorageUnavailable(f"the storage fails qemu-img: {last}")
    return InvalidImage(f"qemu-img cannot read the image: {last}")


def sentence(said: str) -> str:
    """Its last words, without where we keep the image."""
    last = re.sub(r"'?json:\{.*\}'?", "the image", _last_line(said)) or "it does not say why"
    return last.removeprefix("qemu-img: ")[:300]


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if not NOISE.search(line)]
    return lines[-1] if lines else ""
