"""The hypervisor that a node's configuration names."""

from __future__ import annotations

from pvc_core.config import Config
from pvc_drivers.hypervisor.off import NoHypervisor
from pvc_drivers.hypervisor.port import Hypervisor


def make_hypervisor(config: Config) -> Hypervisor:
    """Nothing connects yet; libvirt's library is not even loaded where the subsystem is off."""
    if not config.subsystems.hypervisor:
        return NoHypervisor()
    from pvc_drivers.hypervisor.libvirt_home import LibvirtHypervisor

    return LibvirtHypervisor(config.hypervisor.uri, config.hypervisor.keepalive_s)
