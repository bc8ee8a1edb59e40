"""Is the libvirtd at the other end of a migration there?

libvirt's own connection from source to target has no time limit: with a target that is stopped or
switched off, the migration job stands there for a minute or for ever, and abortJob does not end it
(tried with libvirt 9). So we knock first, with a limit.
"""

from __future__ import annotations

import threading

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_drivers.hypervisor.libvirt_lanes import Lanes


class Targets:
    """Remembers those that hang, so that only one knock at a time waits for each."""

    def __init__(self, keepalive_s: float) -> None:
        self._keepalive_s = keepalive_s
        self._lock = threading.Lock()
        self._lanes: dict[str, Lanes] = {}

    def knock(self, uri: str) -> None:
        """Raises HypervisorRefused when nobody opens in time."""
        with self._lock:
            lanes = self._lanes.setdefault(uri, Lanes(uri, self._keepalive_s, max_idle=0))
        try:
            lanes.call(f"knock at {uri}", lambda connection: connection.getLibVersion())
        except HypervisorUnavailable as error:
            raise HypervisorRefused(f"the target cannot be reached: {error.message}", target=uri) from None
