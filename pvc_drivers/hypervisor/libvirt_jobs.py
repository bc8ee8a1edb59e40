"""libvirt's job of a domain, as far as it is a migration away from here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import libvirt

from pvc_drivers.hypervisor.libvirt_errors import NOT_RUNNING
from pvc_drivers.hypervisor.port import MigrationOrder, MigrationPhase, MigrationProgress

LIVE = libvirt.VIR_MIGRATE_LIVE
# libvirtd itself carries it, so that it survives the process that asked.
BY_LIBVIRTD = libvirt.VIR_MIGRATE_PEER2PEER
# A guest stopped by a storage error in mid-copy stays where it is, to be looked at.
CAREFULLY = libvirt.VIR_MIGRATE_ABORT_ON_ERROR
IDLE = libvirt.VIR_DOMAIN_JOB_NONE
"""Anything else is a job still: one that failed or was aborted is so until libvirt has told the other side,
and keeps the next one out until then."""

# QEMU's own first step and increment, in percent of the guest's time: gentle, and known to work.
THROTTLE_INITIAL, THROTTLE_INCREMENT = 20, 10

# The domain went away a moment ago, or this node is the target of its migration.
NO_JOB = NOT_RUNNING | {libvirt.VIR_ERR_OPERATION_UNSUPPORTED, libvirt.VIR_ERR_NO_SUPPORT}


def migrate(domain: libvirt.virDomain, order: MigrationOrder) -> None:
    """Returns when the domain runs on the target, transient there too (no VIR_MIGRATE_PERSIST_DEST)."""
    params: dict[str, Any] = {libvirt.VIR_MIGRATE_PARAM_URI: f"tcp://{order.target_address}"}
    if order.bandwidth_mib_s is not None:
        params[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH] = order.bandwidth_mib_s
    flags = LIVE | BY_LIBVIRTD | CAREFULLY
    if order.auto_converge:
        flags |= libvirt.VIR_MIGRATE_AUTO_CONVERGE
        params[libvirt.VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL] = THROTTLE_INITIAL
        params[libvirt.VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT] = THROTTLE_INCREMENT
    if order.post_copy:
        flags |= libvirt.VIR_MIGRATE_POSTCOPY
    domain.migrateToURI3(order.target_uri, params, flags)


def migration_job(domain: libvirt.virDomain) -> MigrationProgress | None:
    """How far the domain's migration away from here is; None for no job, and for any other job."""
    try:
        figures = domain.jobStats(0)
    except libvirt.libvirtError as error:
        if error.get_error_code() in NO_JOB:
            return None
        raise
    away = figures.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
    if not away or figures.get("type", IDLE) == IDLE:
        return None
    return replace(progress_of(figures), phase=_phase(domain))


def _phase(domain: libvirt.virDomain) -> MigrationPhase:
    """During post-copy the source's half stands still, and libvirt says why."""
    state, reason = domain.state(0)
    if state != libvirt.VIR_DOMAIN_PAUSED:
        return "copying"
    if reason == libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED:
        return "broken"
    return "post_copy" if reason == libvirt.VIR_DOMAIN_PAUSED_POSTCOPY else "copying"


def is_busy(domain: libvirt.virDomain) -> bool:
    """Has it a job of any kind, or is it the incoming side of one?"""
    try:
        return bool(domain.jobStats(0).get("type", IDLE) != IDLE)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_UNSUPPORTED:
            return True
        if error.get_error_code() in NO_JOB:
            return False
        raise


def progress_of(figures: dict[str, Any], downtime_ms: int | None = None) -> MigrationProgress:
    """`data_processed` counts what was sent again; what remains is the truth about how far it is."""
    total = figures.get("data_total", 0)
    page = figures.get("memory_page_size", 0)
    return MigrationProgress(
        bytes_done=max(0, total - figures.get("data_remaining", 0)),
        bytes_total=total,
        bytes_per_s=figures.get("memory_bps", 0) + figures.get("disk_bps", 0),
        dirty_bytes_per_s=figures.get("memory_dirty_rate", 0) * page,
        downtime_ms=downtime_ms,
        iteration=figures.get("memory_iteration", 0),
        throttle_percent=figures.get("auto_converge_throttle", 0),
    )
