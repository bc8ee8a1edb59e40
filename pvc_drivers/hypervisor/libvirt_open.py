"""Opening connections to libvirtd, and what this process needs once for all of them.

One thread runs libvirt's event loop: without it no keepalive is sent, and a call to a stopped
libvirtd hangs for as long as that is stopped.
"""

from __future__ import annotations

import functools
import logging
import threading

import libvirt

log = logging.getLogger(__name__)
KEEPALIVE_SLACK_S = 1.0


def open_connection(uri: str, keepalive_s: float) -> libvirt.virConnect:
    """May hang when libvirtd does: call it only from a thread that nobody waits for without a limit."""
    run_event_loop()
    connection = libvirt.open(uri)
    try:
        connection.setKeepAlive(*keepalive(keepalive_s))
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
    return connection


def keepalive(seconds: float) -> tuple[int, int]:
    """Interval and count: libvirt gives up after interval x (count + 2), measured with libvirt 9."""
    interval = max(1, int(seconds // 5))
    return interval, max(1, int(seconds // interval) - 2)


@functools.cache
def run_event_loop() -> None:
    """Once per process, and before the first connection is opened."""
    libvirt.registerErrorHandler(_ignore, None)
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_loop, name="libvirt-events", daemon=True).start()


def _ignore(context: object, error: object) -> None:
    """Every error is raised as well; libvirt would also print it to stderr."""


def _loop() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            log.exception("libvirt's event loop stumbled")
