"""libvirt's errors in our words: nobody there, or a refusal."""

from __future__ import annotations

import libvirt

from pvc_core.errors import HypervisorRefused, HypervisorUnavailable

NOBODY_THERE = {
    libvirt.VIR_ERR_NO_CONNECT,
    libvirt.VIR_ERR_INVALID_CONN,
    libvirt.VIR_ERR_RPC,
    libvirt.VIR_ERR_AUTH_FAILED,
    libvirt.VIR_ERR_AUTH_CANCELLED,
    libvirt.VIR_ERR_AUTH_UNAVAILABLE,
}
GONE = {libvirt.VIR_ERR_NO_DOMAIN}
NOT_RUNNING = {libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID}


def translated(
    error: libvirt.libvirtError, connection: libvirt.virConnect | None
) -> HypervisorUnavailable | HypervisorRefused:
    """A connection that did not survive the call proves that libvirtd is not there, whatever the words."""
    lost = connection is None or not connection.isAlive()
    code, words = error.get_error_code(), error.get_error_message() or str(error)
    if lost or code in NOBODY_THERE:
        return HypervisorUnavailable(f"libvirtd does not answer: {words}", libvirt_code=code)
    return HypervisorRefused(words, libvirt_code=code)
