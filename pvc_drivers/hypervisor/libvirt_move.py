"""One migration that this process began: it runs in a lane, which carries it to its end."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from typing import Literal

import libvirt

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable
from pvc_drivers.hypervisor.libvirt_jobs import is_busy, migrate
from pvc_drivers.hypervisor.libvirt_lanes import Lanes
from pvc_drivers.hypervisor.libvirt_targets import Targets
from pvc_drivers.hypervisor.port import Bell, Migration, MigrationOrder, MigrationProgress

log = logging.getLogger(__name__)


class Move:
    """`lost` means that the connection ended before the migration did: libvirtd alone knows more."""

    def __init__(self, uuid: str, order: MigrationOrder, bell: Bell) -> None:
        self.uuid, self._order, self._bell = uuid, order, bell
        self.state: Literal["active", "succeeded", "failed", "lost"] = "active"
        self.error = ""
        self.progress = MigrationProgress()
        self.aborted = threading.Event()
        self._admitted: Future[None] = Future()

    def begin(self, lanes: Lanes, targets: Targets) -> None:
        """Returns when libvirtd was found willing; raises, and nothing will happen, when it was not."""
        whole = lanes.start(f"migrate {self.uuid}", lambda connection: self._run(connection, targets))
        wait([self._admitted, whole], lanes.patience_s, FIRST_COMPLETED)
        # Should a hanging lane wake up one day, it finds the order withdrawn.
        if self._admitted.cancel():
            if whole.done():
                whole.result()
            raise HypervisorUnavailable(f"libvirtd has not answered in time: migrate {self.uuid}")
        whole.add_done_callback(self._over)

    def seen(self) -> Migration | None:
        """What this process knows of it; None when it lost sight of it."""
        return (
            None
            if self.state == "lost"
            else Migration(self.state, self.progress, self.error, rings=self.state == "active")
        )

    def _run(self, connection: libvirt.virConnect, targets: Targets) -> None:
        domain = connection.lookupByUUIDString(self.uuid)
        if is_busy(domain):
            raise HypervisorRefused(f"a migration or another job of {domain.name()} is under way already")
        self._limit_downtime(domain)
        if not self._admitted.set_running_or_notify_cancel():
            return
        self._admitted.set_result(None)
        targets.knock(self._order.target_uri)
        if self.aborted.is_set():
            raise HypervisorRefused("aborted before it began")
        migrate(domain, self._order)

    def _limit_downtime(self, domain: libvirt.virDomain) -> None:
        """QEMU keeps the limit, so it holds from the first moment; without it QEMU's own 300 ms hold."""
        try:
            domain.migrateSetMaxDowntime(self._order.max_downtime_ms, 0)
        except libvirt.libvirtError as error:
            log.warning("the downtime of %s cannot be limited: %s", domain.name(), error)

    def _over(self, whole: Future[None]) -> None:
        error = whole.exception()
        if error is None:
            total = self.progress.bytes_total
            self.progress = replace(self.progress, bytes_done=total)
            self.state = "succeeded"
        else:
            # An abort is told in libvirt's words for whatever its two sides noticed first.
            self.error = f"aborted: {error}" if self.aborted.is_set() else str(error)
            self.state = "lost" if isinstance(error, HypervisorUnavailable) else "failed"
        try:
            self._bell()
        except Exception:
            log.exception("the bell of the migration of %s", self.uuid)
