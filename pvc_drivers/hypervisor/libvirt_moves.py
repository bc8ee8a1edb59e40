"""Migrations away from this node: ours, and those that a process before us began.

What libvirt shows outweighs what we remember: an active job is an active migration, whoever asked
for it and whatever became of our own call.
"""

from __future__ import annotations

import threading
from typing import Any

import libvirt

from pvc_core.errors import HypervisorRefused
from pvc_drivers.hypervisor.libvirt_domains import find
from pvc_drivers.hypervisor.libvirt_errors import NOT_RUNNING
from pvc_drivers.hypervisor.libvirt_jobs import migration_job, progress_of
from pvc_drivers.hypervisor.libvirt_lanes import Lanes
from pvc_drivers.hypervisor.libvirt_move import Move
from pvc_drivers.hypervisor.libvirt_targets import Targets
from pvc_drivers.hypervisor.port import Bell, Migration, MigrationOrder

NO_LIMIT_MIB_S = 8_796_093_022_207
"""libvirt has no word for it; this is the most it takes."""


class Moves:
    def __init__(self, lanes: Lanes, targets: Targets) -> None:
        self._lanes, self._targets = lanes, targets
        self._lock = threading.Lock()
        self._own: dict[str, Move] = {}

    def begin(self, uuid: str, order: MigrationOrder, bell: Bell) -> None:
        move = Move(uuid, order, bell)
        with self._lock:
            before = self._own.get(uuid)
            if before is not None and before.state == "active":
                raise HypervisorRefused(f"a migration of {uuid} is under way already")
            self._own[uuid] = move
        try:
            move.begin(self._lanes, self._targets)
        except BaseException:
            self._put_back(move, before)
            raise

    def look(self, connection: libvirt.virConnect, uuid: str) -> Migration | None:
        """Our own call is read before libvirt is asked: an end in between is told the next time."""
        move = self._own.get(uuid)
        known = move.seen() if move else None
        domain = find(connection, uuid)
        progress = migration_job(domain) if domain else None
        if progress is not None:
            if move:
                move.progress = progress
                self._abort_again(move, domain)
            return Migration("active", progress, rings=move is not None and move.state == "active")
        if move and domain and move.state == "lost":
            return Migration("failed", move.progress, move.error)
        return known

    def forget(self, uuid: str) -> None:
        with self._lock:
            move = self._own.get(uuid)
            if move is not None and move.state != "active":
                del self._own[uuid]

    def abort(self, connection: libvirt.virConnect, uuid: str) -> None:
        """Also one that has not yet got as far as libvirt's job."""
        move = self._own.get(uuid)
        if move:
            move.aborted.set()
        domain = find(connection, uuid)
        if domain is not None and migration_job(domain) is not None:
            _abort_job(domain)

    def limit(
        self,
        connection: libvirt.virConnect,
        uuid: str,
        max_downtime_ms: int | None,
        bandwidth_mib_s: int | None,
    ) -> None:
        domain = connection.lookupByUUIDString(uuid)
        if max_downtime_ms is not None:
            domain.migrateSetMaxDowntime(max_downtime_ms, 0)
        if bandwidth_mib_s is not None:
            domain.migrateSetMaxSpeed(bandwidth_mib_s or NO_LIMIT_MIB_S, 0)

    def switch_to_post_copy(self, connection: libvirt.virConnect, uuid: str) -> None:
        connection.lookupByUUIDString(uuid).migrateStartPostCopy(0)

    def completed(self, uuid: str, figures: dict[str, Any]) -> None:
        """libvirt's own account of a migration that succeeded, with the downtime as it was."""
        move = self._own.get(uuid)
        if move is not None and figures.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT:
            move.progress = progress_of(figures, figures.get("downtime"))

    def _abort_again(self, move: Move, domain: libvirt.virDomain) -> None:
        """An abort that came before libvirt's job began went unheard."""
        if move.aborted.is_set():
            _abort_job(domain)

    def _put_back(self, move: Move, before: Move | None) -> None:
        with self._lock:
            if self._own.get(move.uuid) is move:
                del self._own[move.uuid]
                if before is not None:
                    self._own[move.uuid] = before


def _abort_job(domain: libvirt.virDomain) -> None:
    try:
        domain.abortJob()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in NOT_RUNNING:
            raise
